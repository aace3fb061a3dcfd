using System.Text.Json.Nodes;
using SharedState.Host.Tests.Access;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Protocol;

/// <summary>A host, the client whose conversation a page shows, and another one that changes collections meanwhile.</summary>
internal sealed class PageScene : IAsyncDisposable
{
    /// <summary>A token that does not end during this century.</summary>
    private static readonly string Token = TestIssuer.Token(TimeProvider.System, claims: """{"exp":4102444800}""");

    private readonly PagePositions _positions = new();

    private PageScene(LiveHost host, Client reader, Client writer) => (Host, Reader, Writer) = (host, reader, writer);

    public LiveHost Host { get; }

    public Client Reader { get; }

    private Client Writer { get; }

    public static async Task<PageScene> OpenAsync()
    {
        var host = await LiveHost.StartAsync();
        return new(host, await Client.ConnectAsync(host.Url), await Client.ConnectAsync(host.Url));
    }

    /// <summary>The other client changes a collection.</summary>
    public async Task PutAsync(string collection, string update) =>
        Assert.True((bool)(await Writer.PutAsync($"/app/items/{collection}", update))["ok"]!);

    /// <summary>The client subscribes to a collection, and reads its snapshot.</summary>
    public async Task SubscribeAsync(string collection)
    {
        await Reader.PutAsync("/subs", $$"""{"insert":[["/app/items/{{collection}}",{}]]}""");
        await Reader.NotificationAsync();
    }

    /// <summary>The revision that the page names is the present one of <c>notes</c>.</summary>
    public async Task BindAsync(long revision) => _positions.Bind(revision, await Writer.GetAsync("/app/items/notes"));

    /// <summary>The client sends a message of the page, or waits for the message of the host that is the page's.</summary>
    public async Task PlayAsync(bool fromClient, JsonNode message)
    {
        if (fromClient)
        {
            await Reader.SendAsync(_positions.Filled(message, Token)!.ToJsonString());
            return;
        }
        var others = new List<string>();
        while (true)
        {
            JsonNode answer;
            try
            {
                answer = await Reader.ReceiveAsync();
            }
            catch (OperationCanceledException)
            {
                throw new InvalidOperationException($"the host does not send {message.ToJsonString()}, but {string.Join('\n', others)}");
            }
            if (_positions.Match(message, answer)) return;
            others.Add(answer.ToJsonString());
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Reader.DisposeAsync();
        await Writer.DisposeAsync();
        await Host.DisposeAsync();
    }
}
