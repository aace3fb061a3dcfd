using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;
using SharedState.Host.Tests.Access;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Changes;

/// <summary>Changes of <c>access</c> in a running host.</summary>
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

    private void Configure(string? access)
    {
        var more = access is null ? "" : $", \"access\": {access}";
        _folder.Write(
            ChangingHost.File, $$"""{"service": {{ChangingHost.Server}}, "services": [{{ChangingHost.Service("items")}}]{{more}}}""");
    }

    private static async Task<Client> ConnectAsync(ChangingHost host) =>
        await Client.ConnectAsync(new UriBuilder(await host.Process.UriAsync()) { Scheme = "ws" }.Uri);

    private static async Task<string?> UserAsync(Client client, RSA key)
    {
        var token = TestIssuer.Token(TimeProvider.System, new SigningCredentials(new RsaSecurityKey(key), "RS256"));
        var reply = await client.PutAsync("/auth", $$"""{"token":"{{token}}"}""");
        return (bool)reply["ok"]! ? (string?)reply["data"]!["user"] : null;
    }
}
