using System.Net.WebSockets;
using SharedState.Host.Tests.Access;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Protocol;

/// <summary>The examples of docs/PROTOCOL.md are conversations with the host.</summary>
public sealed class ProtocolPageTests
{
    private const string Hello = """{"insert":[{"id":"n1","text":"hi"}]}""";

    /// <summary>By section: what happens before the message of that index.</summary>
    private static readonly Dictionary<string, Dictionary<int, Func<PageScene, Task>>> Scenes = new()
    {
        ["1. Messages"] = new()
        {
            [0] = scene => scene.PutAsync("notes", Hello),
            [2] = async scene =>
            {
                await scene.SubscribeAsync("notes");
                await scene.PutAsync("notes", """{"remove":["n1"]}""");
            },
        },
        ["3. Items and updates"] = new() { [0] = scene => scene.PutAsync("notes", Hello) },
        ["4. Subscriptions"] = new() { [0] = scene => scene.PutAsync("notes", Hello) },
        ["Positions"] = new()
        {
            [0] = async scene =>
            {
                await scene.PutAsync("notes", Hello);
                await scene.SubscribeAsync("notes");
                await scene.PutAsync("notes", """{"remove":["n1"]}""");
            },
        },
        ["Resume"] = new()
        {
            [0] = async scene =>
            {
                await scene.PutAsync("notes", Hello);
                await scene.BindAsync(42);
                await scene.PutAsync("notes", """{"insert":[{"id":"n2","text":"second"}]}""");
                await scene.PutAsync("notes", """{"remove":["n1"]}""");
                await scene.PutAsync("notes", """{"insert":[{"id":"n2","text":"third"}]}""");
            },
        },
        ["Names of subscriptions"] = new() { [0] = scene => scene.PutAsync("notes", Hello) },
        ["Parts"] = new() { [0] = FallBehindAsync },
        ["Views"] = new()
        {
            [0] = scene => scene.PutAsync("tasks", Tasks(("t7", 3, "Milk"), ("t2", 4, "Tea"), ("t3", 5, ""), ("t4", 6, ""), ("t5", 7, ""))),
            [2] = async scene =>
            {
                await scene.PutAsync("tasks", """{"insert":[{"id":"b1","owner":"bob"}]}""");
                await scene.PutAsync("tasks", """{"insert":[{"id":"b2","owner":"bob"}]}""");
                await scene.PutAsync("tasks", Tasks(("t9", 1, "Call")));
            },
        },
        ["Limits"] = [],
        ["Conditional updates"] = new()
        {
            [0] = async scene =>
            {
                await scene.PutAsync("notes", """{"insert":[{"id":"a","text":"other"}]}""");
                await scene.PutAsync("tasks", """{"insert":[{"id":"t1","state":"open"}]}""");
            },
        },
        ["Patches and counters"] = new()
        {
            [0] = async scene =>
            {
                await scene.PutAsync("pages", """{"insert":[{"id":"a","title":"Start","size":5,"stats":{"views":7}}]}""");
                await scene.SubscribeAsync("pages");
            },
        },
        ["Lifetimes"] = [],
        ["The end of a subscription"] = new()
        {
            [0] = async scene =>
            {
                await scene.SubscribeAsync("notes");
                scene.Host.Change(TestIssuer.Config);
            },
        },
        ["Identity"] = new()
        {
            [0] = scene =>
            {
                scene.Host.Change(TestIssuer.Config);
                return Task.CompletedTask;
            },
        },
        ["Listing"] = new()
        {
            [0] = async scene =>
            {
                foreach (var collection in (string[])["chat", "notes", "people", "tasks"]) await scene.PutAsync(collection, Hello);
            },
        },
    };

    public static TheoryData<string> Sections => [.. PageExample.All.Select(example => example.Section)];

    [Fact]
    public void EachBlockIsPartOfATest()
    {
        Assert.Equal(Scenes.Keys, PageExample.All.Select(example => example.Section));
        var (section, _) = Assert.Single(PageExample.Blocks, block => !PageExample.IsConversation(block.Text));
        Assert.Equal("Compression", section);
    }

    [Theory]
    [MemberData(nameof(Sections))]
    public async Task TheHostTakesPartInTheConversation(string section)
    {
        var example = PageExample.All.Single(one => one.Section == section);
        await using var scene = await PageScene.OpenAsync();
        for (var index = 0; index < example.Messages.Count; index++)
        {
            if (Scenes[section].TryGetValue(index, out var before)) await before(scene);
            var (fromClient, message) = example.Messages[index];
            await scene.PlayAsync(fromClient, message);
        }
    }

    [Fact]
    public async Task TheHostAcceptsCompressionWithTheHeaderOfThePage()
    {
        await using var host = await LiveHost.StartAsync(compression: true);
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        socket.Options.DangerousDeflateOptions = new() { ClientContextTakeover = false, ServerContextTakeover = false };
        await socket.ConnectAsync(host.Url, CancellationToken.None);
        var header = Assert.Single(socket.HttpResponseHeaders!["Sec-WebSocket-Extensions"]);
        Assert.Equal(PageExample.Blocks.Single(block => block.Section == "Compression").Text.Trim(), $"Sec-WebSocket-Extensions: {header}");
    }

    /// <summary>The difference to revision 7 is 16 KiB of removed ids, and items of which the last one fills a part.</summary>
    private static async Task FallBehindAsync(PageScene scene)
    {
        string[] ids = ["n1", .. Enumerable.Range(0, 20).Select(number => $"n1{number:d2}{new string('x', 1000)}")];
        await scene.PutAsync("notes", Insert(ids.Select(id => $$"""{"id":"{{id}}"}""")));
        await scene.BindAsync(7);
        await scene.PutAsync("notes", $$"""{"remove":[{{string.Join(',', ids.Select(id => $"\"{id}\""))}}]}""");
        var texts = Enumerable.Range(2, 8).Select(number => (number, new string('x', number == 9 ? 16_000 : 2_000)));
        await scene.PutAsync("notes", Insert(texts.Select(item => $$"""{"id":"n{{item.number}}","text":"{{item.Item2}}"}""")));
    }

    private static string Tasks(params (string Id, int Due, string Text)[] tasks) =>
        Insert(tasks.Select(task => $$"""{"id":"{{task.Id}}","owner":"ada","done":false,"due":{{task.Due}},"text":"{{task.Text}}"}"""));

    private static string Insert(IEnumerable<string> items) => $$"""{"insert":[{{string.Join(',', items)}}]}""";
}
