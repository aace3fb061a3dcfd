using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using SharedState.Host.Access;
using SharedState.Host.Configuration;
using SharedState.Host.JsonFiles;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Access;

/// <summary>The board of docs/ACCESS.md, on which people edit only their own notes.</summary>
public sealed class AccessPageTests : IDisposable
{
    private const string Notes = "/board/items/notes";

    private static readonly string Page = File.ReadAllText(Repository.At("docs", "ACCESS.md"));

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task PeopleEditOnlyTheirOwnNotes()
    {
        _folder.Write("secret.txt", TestIssuer.Secret);
        _folder.Write("note.schema.json", Block("note.schema.json"));
        _folder.Write("board.json", Block("board.json").Replace("""{"env": "TOKEN_SECRET"}""", """{"file": "secret.txt"}""", StringComparison.Ordinal));
        var config = HostConfig.Read(JsonFile.Read(_folder["board.json"]));
        Assert.Empty(config.File.Mistakes);
        Assert.Empty(RuleRemarks.Of(config.Access!, ["items"]));
        await using var host = await LiveHost.StartAsync(access: config.Access);
        await using var ann = await UserAsync(host, "ann");
        await using var bob = await UserAsync(host, "bob");
        await bob.PutAsync("/subs", $$"""{"insert":[["{{Notes}}",{}]]}""");
        await bob.NotificationAsync();

        Assert.True((bool)(await ann.PutAsync(Notes, """{"insert":[{"id":"n1","text":"hello","author":"bob"}]}"""))["ok"]!);
        var note = (await bob.NotificationAsync())["data"]!["insert"]![0]!;
        Assert.Equal("ann", (string?)note["author"]);
        Assert.NotNull(note["changed"]);
        Assert.Equal("forbidden", (string?)(await bob.PutAsync(Notes, """{"patch":[{"id":"n1","text":"no"}]}"""))["error"]!["code"]);
        Assert.True((bool)(await ann.PutAsync(Notes, """{"patch":[{"id":"n1","hidden":true}]}"""))["ok"]!);
        Assert.Equal("n1", (string?)(await bob.NotificationAsync())["data"]!["remove"]![0]);
        Assert.Single((await ann.GetAsync(Notes))["data"]!.AsArray());
        Assert.Equal("bad_request", (string?)(await ann.PutAsync(Notes, """{"insert":[{"id":"n2"}]}"""))["error"]!["code"]);
    }

    private static string Block(string name) =>
        Regex.Match(Page, $"`{Regex.Escape(name)}`[\\s\\S]*?```json\\n([\\s\\S]*?)```").Groups[1].Value;

    private static async Task<Client> UserAsync(LiveHost host, string name)
    {
        var claims = $$"""{"iss":"backend","aud":"boards","sub":"{{name}}"}""";
        var client = await Client.ConnectAsync(host.Url);
        var token = new JsonObject { ["token"] = TestIssuer.Token(TimeProvider.System, claims: claims) };
        Assert.True((bool)(await client.PutAsync("/auth", token.ToJsonString()))["ok"]!);
        return client;
    }
}
