using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.Tokens;
using SharedState.Host.Tests.Access;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Changes;

/// <summary>Changes of <c>access</c>, <c>origins</c> and <c>hosts</c> in a running host.</summary>
public sealed class AccessChangeTests : IDisposable
{
    private const string Key = "ssk_a-key-for-this-test";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task AKeyThatIsAddedHoldsAndOneThatIsRemovedEndsAtOnce()
    {
        Configure(null);
        using var host = await ChangingHost.StartAsync(_folder);
        await using var client = await ConnectAsync(host);
        await client.PutAsync("/subs", """{"insert":[["/a/items/b",{}]]}""");
        await client.NotificationAsync();
        Configure($$"""{"keys": [{"name": "importer", "sha256": "{{Host.Access.ApiKey.HashOf(Key)}}"}]}""");
        Assert.Equal("unauthorized", (string?)(await client.NotificationAsync())["error"]!["code"]);
        await host.SaidAsync("my.json was read again: changed access", 1);
        Assert.Equal("importer", (string?)(await client.PutAsync("/auth", $$"""{"token":"{{Key}}"}"""))["data"]!["user"]);

        Configure("""{"keys": []}""");
        await Wait.UntilAsync(async () => (await client.GetAsync("/auth"))["data"]!["user"] is null, "the key has ended");

        Configure(null);
        await Wait.UntilAsync(async () => (bool)(await client.GetAsync("/a/items/b"))["ok"]!, "all may read again");
        Assert.DoesNotContain(host.Process.Lines, line => line.Contains(Key, StringComparison.Ordinal));
    }

    [Fact]
    public async Task TheRightsOfARemovedKeyEndAtOnce()
    {
        const string Rules = """
            [{"path": "/**", "who": "user", "read": {"owner": "{sub}"}, "write": {"owner": "{sub}"}}, {"path": "/open/**", "who": "anyone", "read": true}]
            """;
        string Entry(string name, string key) => $$"""{"name": "{{name}}", "sha256": "{{Host.Access.ApiKey.HashOf(key)}}"}""";
        Configure($$"""{"keys": [{{Entry("importer", Key)}}, {{Entry("other", "ssk_other")}}], "rules": {{Rules}}}""");
        using var host = await ChangingHost.StartAsync(_folder);
        await using var client = await ConnectAsync(host);
        await using var other = await ConnectAsync(host);
        await client.PutAsync("/auth", $$"""{"token":"{{Key}}"}""");
        await other.PutAsync("/auth", """{"token":"ssk_other"}""");
        Assert.True((bool)(await client.PutAsync("/a/items/b", """{"insert":[{"id":"1","owner":"importer"}]}"""))["ok"]!);
        foreach (var user in new[] { client, other })
        {
            await user.PutAsync("/subs", """{"insert":[["/a/items/b",{}],["/open/items/b",{}]]}""");
            for (var count = 0; count < 2; count++) Assert.Equal("NOTIFY", (string?)(await user.NotificationAsync())["cmd"]);
        }
        Configure($$"""{"keys": [{{Entry("other", "ssk_other")}}], "rules": {{Rules}}}""");
        var drop = await client.NotificationAsync();
        Assert.Equal("DROP /a/items/b unauthorized", $"{drop["cmd"]} {drop["path"]} {drop["error"]!["code"]}");
        Assert.Equal("unauthorized", (string?)(await client.PutAsync("/a/items/b", """{"remove":["1"]}"""))["error"]!["code"]);
        Assert.Equal("unauthorized", (string?)(await client.GetAsync("/a/items/b"))["error"]!["code"]);
        Assert.Equal(0, client.KeptNotifications); // what anyone may read goes on as before
        Assert.Equal("""["/open/items/b"]""", Paths(await client.GetAsync("/subs")));
        Assert.Equal("""["/a/items/b","/open/items/b"]""", Paths(await other.GetAsync("/subs")));
        Assert.Equal(0, other.KeptNotifications);

        static string Paths(JsonNode reply) =>
            new JsonArray([.. reply["data"]!.AsArray().Select(entry => entry![0]!.DeepClone())]).ToJsonString();
    }

    [Fact]
    public async Task AChangedKeyFileIsReadAndAnUnusableOneChangesNothing()
    {
        using var one = RSA.Create(2_048);
        using var other = RSA.Create(2_048);
        _folder.Write("key.pem", one.ExportSubjectPublicKeyInfoPem());
        Configure($$"""{"tokens": [{"issuer": "{{TestIssuer.Name}}", "keys": "key.pem"}]}""");
        using var host = await ChangingHost.StartAsync(_folder);
        await using var client = await ConnectAsync(host);
        Assert.Equal("ann", await UserAsync(client, one));
        Assert.Null(await UserAsync(client, other));

        _folder.Write("key.pem", "half a fi");
        await host.SaidAsync("access.tokens[0].keys: no public keys are in key.pem", 1);
        Assert.Equal("ann", await UserAsync(client, one));

        _folder.Write("key.pem", other.ExportSubjectPublicKeyInfoPem());
        await Wait.UntilAsync(async () => (await client.GetAsync("/auth"))["data"]!["user"] is null, "the first key is gone");
        Assert.Null(await UserAsync(client, one));
        Assert.Equal("ann", await UserAsync(client, other));
    }

    [Fact]
    public async Task OriginsThatAreAddedMayConnectAndConnectionsOfRemovedOnesEnd()
    {
        const string One = "https://one.example", Two = "https://two.example";
        Configure(null, $"\"origins\": [\"{One}\"]");
        using var host = await ChangingHost.StartAsync(_folder);
        await using var one = await ConnectAsync(host, One);
        await using var program = await ConnectAsync(host);
        Assert.True(await RefusesAsync(host, "Origin", Two));
        await one.PutAsync("/subs", """{"insert":[["/a/items/b",{}]]}""");
        await one.NotificationAsync();

        Configure(null, $"\"origins\": [\"{Two}\"]");
        Assert.Null(await one.ReceiveTextAsync());
        Assert.Equal(
            "4001 service.origins or service.hosts changed, and this page may not connect any more",
            $"{(int)one.Socket.CloseStatus!} {one.Socket.CloseStatusDescription}");
        await host.SaidAsync("my.json was read again: changed service.origins and service.hosts", 1);
        await host.SaidAsync(
            $"Doors: TLS off, origins {Two} and those of this computer, hosts localhost two.example 127.0.0.1", 1);
        await using var two = await ConnectAsync(host, Two);
        Assert.True(await RefusesAsync(host, "Origin", One));
        Assert.True((bool)(await program.GetAsync("/a/items/b"))["ok"]!);
        Assert.Equal(0, host.Count("at the next start"));
    }

    [Fact]
    public async Task NamesOfTheServerChangeWithTheFile()
    {
        Configure(null, "\"hosts\": [\"one.example\"]");
        using var host = await ChangingHost.StartAsync(_folder);
        await using var one = await ConnectAsync(host, name: "one.example");
        await using var local = await ConnectAsync(host);
        Assert.True(await RefusesAsync(host, "Host", "two.example"));
        Configure(null, "\"hosts\": [\"two.example\"]");
        Assert.Null(await one.ReceiveTextAsync());
        Assert.Equal(4001, (int)one.Socket.CloseStatus!);
        await host.SaidAsync("Doors: TLS off, origins those of this computer, hosts localhost two.example 127.0.0.1", 1);
        Assert.False(await RefusesAsync(host, "Host", "two.example"));
        Assert.True(await RefusesAsync(host, "Host", "one.example"));
        Assert.True((bool)(await local.GetAsync("/a/items/b"))["ok"]!);
    }

    [Fact]
    public async Task PagesOfTheSameComputerEndWhenAccessIsConfigured()
    {
        const string Page = "http://localhost:5173";
        Configure(null);
        using var host = await ChangingHost.StartAsync(_folder);
        await using var page = await ConnectAsync(host, Page);
        Configure("{}");
        Assert.Null(await page.ReceiveTextAsync());
        Assert.Equal(4001, (int)page.Socket.CloseStatus!);
        Configure("{}", $"\"origins\": [\"{Page}\"]");
        await host.SaidAsync($"Doors: TLS off, origins {Page}", 1);
        await using var again = await ConnectAsync(host, Page);
        Assert.Equal("unauthorized", (string?)(await again.GetAsync("/a/items/b"))["error"]!["code"]);
    }

    [Fact]
    public async Task AMistakeInTheListOfOriginsChangesNothing()
    {
        const string One = "https://one.example";
        Configure(null, $"\"origins\": [\"{One}\"]");
        using var host = await ChangingHost.StartAsync(_folder);
        await using var one = await ConnectAsync(host, One);
        Configure(null, "\"origins\": [\"one.example\"]");
        await host.SaidAsync("service.origins[0]: must be an origin as browsers send it", 1);
        Assert.True((bool)(await one.GetAsync("/a/items/b"))["ok"]!);
        Assert.False(await RefusesAsync(host, "Origin", One));
    }

    private void Configure(string? access, string? doors = null)
    {
        var service = doors is null ? ChangingHost.Server : $"{ChangingHost.Server[..^1]}, {doors}}}";
        var more = access is null ? "" : $", \"access\": {access}";
        _folder.Write(ChangingHost.File, $$"""{"service": {{service}}, "services": [{{ChangingHost.Service("items")}}]{{more}}}""");
    }

    private static async Task<Client> ConnectAsync(ChangingHost host, string? origin = null, string? name = null)
    {
        var url = new UriBuilder(await host.Process.UriAsync()) { Scheme = "ws" }.Uri;
        return await Client.ConnectAsync(url, options =>
        {
            if (origin is not null) options.SetRequestHeader("Origin", origin);
            if (name is not null) options.SetRequestHeader("Host", name);
        });
    }

    /// <summary>Whether a GET with a header gets 403.</summary>
    private static async Task<bool> RefusesAsync(ChangingHost host, string header, string value)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, await host.Process.UriAsync());
        request.Headers.Add(header, value);
        using var response = await http.SendAsync(request);
        return response.StatusCode == HttpStatusCode.Forbidden;
    }

    private static async Task<string?> UserAsync(Client client, RSA key)
    {
        var token = TestIssuer.Token(TimeProvider.System, new SigningCredentials(new RsaSecurityKey(key), "RS256"));
        var reply = await client.PutAsync("/auth", $$"""{"token":"{{token}}"}""");
        return (bool)reply["ok"]! ? (string?)reply["data"]!["user"] : null;
    }
}
