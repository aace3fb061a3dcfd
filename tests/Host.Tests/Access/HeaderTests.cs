using SharedState.Host.Access;
using SharedState.Host.Tests.Engine;
using static SharedState.Host.Tests.Engine.RawSocket;

namespace SharedState.Host.Tests.Access;

/// <summary>Headers of handshakes that contradict each other, come twice, or claim to be those of a proxy.</summary>
public sealed class HeaderTests
{
    private const string Good = "https://good.example", Evil = "https://evil.example";

    private readonly KeepingLogger _log = new();

    [Theory]
    [InlineData(403, $"Origin: {Good}", $"Origin: {Evil}")]
    [InlineData(403, $"Origin: {Evil}", $"Origin: {Good}")]
    [InlineData(403, $"Origin: {Good}, {Evil}")]
    [InlineData(403, $"Origin: {Good}.evil.example")]
    [InlineData(403, $"Origin: {Evil}", "X-Forwarded-Host: evil.example", "X-Forwarded-Proto: https", $"X-Original-Origin: {Good}")]
    [InlineData(403, $"Origin: {Evil}", "Forwarded: host=evil.example;proto=https")]
    [InlineData(400, "Host: localhost", "Host: evil.example", $"Origin: {Evil}")]
    [InlineData(403, "Host: evil.example", $"Origin: {Evil}")]
    [InlineData(101, $"Origin: {Good}", "X-Forwarded-Host: evil.example")]
    public async Task OnlyOneOriginThatIsListedIsLetIn(int status, params string[] headers) =>
        Assert.Equal(status, await StatusAsync(headers));

    // The server has no list of its own names. With a list, it would refuse the header's name before it looks at the origin.
    [Theory]
    [InlineData("X-Forwarded-Host: evil.example", "X-Forwarded-Proto: https")]
    [InlineData("Forwarded: host=evil.example;proto=https")]
    public async Task NoHeaderOfAProxyMakesAPageTheServersOwn(params string[] headers) =>
        Assert.Equal(403, await StatusAsync([.. headers, $"Origin: {Evil}"], [DoorSettings.Any]));

    [Theory]
    [InlineData("importer", "Authorization: Bearer ssk_1")]
    [InlineData("401", "Authorization: Bearer ssk_1", "Authorization: Bearer ssk_1")]
    [InlineData("401", "Authorization: Bearer ssk_2", "Authorization: Bearer ssk_1")]
    [InlineData("401", "Authorization: Bearer ssk_1, Bearer ssk_1")]
    [InlineData("401", "Authorization: Bearer ssk_2", $"Origin: {Good}", "Cookie: session=ssk_1")] // the header counts, and not the cookie
    [InlineData("401", $"Origin: {Good}", "Cookie: session=ssk_2")]
    [InlineData("importer", $"Origin: {Good}", "Cookie: session=ssk_1")]
    [InlineData("importer", $"Origin: {Good}", "Cookie: other=ssk_2; session=ssk_1")]
    [InlineData(null, $"Origin: {Good}", "Cookie: other=ssk_1")]
    [InlineData(null, "Cookie: session=ssk_1")] // no page: the cookie does not count
    public async Task OneTokenCounts(string? user, params string[] headers) => Assert.Equal(user, await UserAsync(headers));

    [Fact]
    public async Task TheAddressIsThatOfTheSocketWhateverAHeaderSays()
    {
        Assert.Equal(401, await StatusAsync("Authorization: Bearer wrong", "X-Forwarded-For: 10.1.2.3", "Forwarded: for=10.1.2.3"));
        Assert.StartsWith("A token from 127.0.0.1 was refused", Assert.Single(_log.Lines), StringComparison.Ordinal);
    }

    private Task<int> StatusAsync(params string[] headers) => StatusAsync(headers, null);

    private async Task<int> StatusAsync(string[] headers, string[]? hosts)
    {
        await using var host = await StartAsync(hosts);
        var (socket, answer) = await HandshakeAsync(host, Handshake("/", headers));
        await socket.DisposeAsync();
        return Status(answer);
    }

    /// <summary>The user of a connection: null for an anonymous one, and the status if there is none.</summary>
    private async Task<string?> UserAsync(string[] headers)
    {
        await using var host = await StartAsync();
        var (socket, answer) = await HandshakeAsync(host, Handshake("/", headers));
        await using var connection = socket;
        return Status(answer) != 101 ? $"{Status(answer)}"
            : (string?)(await connection.AskAsync("""{"type":"REQUEST","cmd":"GET","path":"/auth"}"""))["data"]!["user"];
    }

    private Task<LiveHost> StartAsync(string[]? hosts = null) => LiveHost.StartAsync(
        doors: new DoorSettings([Good], hosts), access: TestIssuer.WithKey("ssk_1", cookie: "session"), logger: _log);

    private static int Status(string answer) => int.Parse(answer.Split(' ')[1]);
}
