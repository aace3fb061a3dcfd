using System.Net;
using Microsoft.AspNetCore.Http;
using SharedState.Host.Access;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Access;

/// <summary>Which Host and which Origin are let in: by the address that the server listens on, the lists, and whether access is
/// configured.</summary>
public sealed class DoorsTests
{
    private readonly KeepingLogger _log = new();

    [Theory]
    [InlineData("localhost:9000", null, true)] // a program
    [InlineData("127.0.0.1:9000", null, true)]
    [InlineData("[::1]:9000", null, true)]
    [InlineData("LOCALHOST.:9000", null, true)]
    [InlineData("app.localhost:9000", null, true)]
    [InlineData("localhost:9000", "http://localhost:9000", true)]
    [InlineData("localhost:9000", "http://localhost:5173", true)] // the server of a developer
    [InlineData("localhost:9000", "https://127.0.0.1:8443", true)]
    [InlineData("localhost:9000", "http://[::1]", true)]
    [InlineData("localhost:9000", "https://evil.example", false)]
    [InlineData("localhost:9000", "http://localhost.evil.example", false)]
    [InlineData("localhost:9000", "http://evil.example@localhost", false)]
    [InlineData("localhost:9000", "null", false)]
    [InlineData("localhost:9000", "file://localhost", false)]
    [InlineData("evil.example:9000", "http://evil.example:9000", false)] // DNS rebinding
    [InlineData("evil.example:9000", null, false)]                       // DNS rebinding, and a GET of the same origin
    [InlineData("localhost.evil.example:9000", null, false)]
    [InlineData("192.168.1.5:9000", null, false)]
    public void AHostOnLoopbackLetsInWhatIsOfThisComputer(string host, string? origin, bool letsIn) =>
        Assert.Equal(letsIn, LetsIn(Loopback(new(null, null)), host, origin));

    [Theory]
    [InlineData("localhost:9000", "https://good.example", true)]
    [InlineData("localhost:9000", "http://localhost:5173", true)]
    [InlineData("localhost:9000", "https://evil.example", false)]
    [InlineData("good.example", "https://good.example", true)] // behind a proxy that passes the name on
    [InlineData("evil.example", "https://good.example", false)]
    public void AListAddsToThemItsOriginsAndTheirNames(string host, string? origin, bool letsIn) =>
        Assert.Equal(letsIn, LetsIn(Loopback(new(["https://good.example"], null)), host, origin));

    [Theory]
    [InlineData("proxy.example", null, true)]
    [InlineData("proxy.example:9000", "https://proxy.example:9000", true)]
    [InlineData("proxy.example", "https://evil.example", false)]
    [InlineData("localhost", null, true)]
    [InlineData("evil.example", null, false)]
    public void HostsAddsNames(string host, string? origin, bool letsIn) =>
        Assert.Equal(letsIn, LetsIn(Loopback(new(null, ["proxy.example"])), host, origin));

    [Theory]
    [InlineData("evil.example", "https://evil.example")]
    [InlineData("localhost:9000", "null")]
    public void AStarLetsAllIn(string host, string origin) => Assert.True(LetsIn(Loopback(new(["*"], null)), host, origin));

    [Theory]
    [InlineData("anything.example", "https://evil.example")]
    [InlineData("anything.example", "null")]
    [InlineData("anything.example", null)]
    public void BeyondLoopbackWithoutAListAllAreLetIn(string host, string? origin) =>
        Assert.True(LetsIn(Everywhere(new(null, null)), host, origin));

    [Theory]
    [InlineData("proxy.example", "https://evil.example", true)] // all origins, as without the list of names
    [InlineData("192.168.1.5:9000", null, true)]
    [InlineData("localhost:9000", null, true)]
    [InlineData("evil.example", null, false)]
    public void BeyondLoopbackAListOfNamesHoldsWithoutAListOfOrigins(string host, string? origin, bool letsIn) =>
        Assert.Equal(letsIn, LetsIn(Everywhere(new(null, ["proxy.example"])), host, origin));

    [Theory]
    [InlineData("proxy.example", true)]
    [InlineData("evil.example", false)]
    public void AListOfNamesHoldsWhereAllOriginsAreLetIn(string host, bool letsIn) =>
        Assert.Equal(letsIn, LetsIn(Loopback(new(["*"], ["proxy.example"])), host, "https://evil.example"));

    [Theory]
    [InlineData("good.example", "https://good.example", true)]
    [InlineData("192.168.1.5:9000", "http://192.168.1.5:9000", true)]
    [InlineData("localhost:9000", null, true)]
    [InlineData("localhost:9000", "http://localhost:9000", true)]
    [InlineData("localhost:9000", "http://localhost:5173", false)]
    [InlineData("good.example", "https://evil.example", false)]
    [InlineData("evil.example:9000", "http://evil.example:9000", false)]
    [InlineData("evil.example", null, false)]
    public void BeyondLoopbackAListHoldsForOriginsAndForNames(string host, string? origin, bool letsIn) =>
        Assert.Equal(letsIn, LetsIn(Everywhere(new(["https://good.example"], null)), host, origin));

    [Fact]
    public void TheNameOfTheComputerIsAName() =>
        Assert.True(LetsIn(Everywhere(new(["https://good.example"], null)), Dns.GetHostName(), null));

    [Theory]
    [InlineData("10.1.2.3:9000", true)]
    [InlineData("10.1.2.4:9000", false)]
    [InlineData("localhost:9000", false)]
    public void AServerOnOneAddressKnowsThatAddress(string host, bool letsIn)
    {
        var doors = new Doors(
            new(["https://good.example"], null), false, "10.1.2.3", [new(IPAddress.Parse("10.1.2.3"), 9_000)], _log);
        Assert.Equal(letsIn, LetsIn(doors, host, null));
    }

    [Theory]
    [InlineData("anything.example", "https://anything.example", true)] // its own page, behind a proxy
    [InlineData("anything.example", "https://evil.example", false)]
    [InlineData("localhost:9000", "http://localhost:5173", false)]
    [InlineData("anything.example", null, true)]
    public void WithAccessConfiguredOnlyItsOwnPagesAndListedOnesAreLetIn(string host, string? origin, bool letsIn) =>
        Assert.Equal(letsIn, LetsIn(Everywhere(new(null, null), guarded: true), host, origin));

    [Theory]
    [InlineData("https://own.example", true, true)]
    [InlineData("http://own.example", true, false)] // somebody in the same network
    [InlineData("https://own.example", false, true)] // behind a proxy with TLS
    [InlineData("http://own.example", false, true)]
    public void APageWithoutTlsIsNoPageOfAServerWithTls(string origin, bool isHttps, bool letsIn)
    {
        var context = Context("own.example", origin);
        context.Request.IsHttps = isHttps;
        Assert.Equal(letsIn, LetsIn(Everywhere(new(null, null), guarded: true), context));
        Assert.Equal(letsIn, Everywhere(new(null, null), guarded: true).Admit(context.Request).Holds);
    }

    [Fact]
    public void WithAccessConfiguredAHostOnLoopbackStillKnowsOnlyItsNames()
    {
        var doors = new Doors(new(null, null), true, "localhost", [new(IPAddress.Loopback, 9_000)], _log);
        Assert.False(LetsIn(doors, "evil.example", "http://evil.example"));
        Assert.False(LetsIn(doors, "localhost:9000", "http://localhost:5173"));
        Assert.True(LetsIn(doors, "localhost:9000", "http://localhost:9000"));
    }

    [Theory]
    [InlineData("/libs/sharedstate.es.js", false, true)]
    [InlineData("/libs/sharedstate.es.js", true, false)]
    [InlineData("/libraries", false, false)]
    [InlineData("/", false, false)]
    public void TheClientIsForAllOrigins(string path, bool upgrade, bool letsIn)
    {
        var context = Context("localhost:9000", "https://evil.example", path);
        if (upgrade) context.Request.Headers.Upgrade = "websocket";
        Assert.Equal(letsIn, LetsIn(Loopback(new(null, null)), context));
    }

    [Fact]
    public async Task TheRefusalAndTheLogNameTheOriginAndTheSetting()
    {
        var context = Context("localhost:9000", "https://evil.example");
        context.Response.Body = new MemoryStream();
        Assert.True(await Loopback(new(null, null)).TryRefuseAsync(context));
        Assert.Equal(403, context.Response.StatusCode);
        Assert.Equal(
            "Pages of the origin https://evil.example may not connect: list it in service.origins in the server's configuration, like "
                + "[\"https://evil.example\"].\n",
            Body(context));
        Assert.Equal(["A request from (null) was refused: its Origin https://evil.example is not among service.origins"], _log.Lines);
    }

    [Fact]
    public async Task TheRefusalAndTheLogNameTheHostAndTheSetting()
    {
        var context = Context("evil.example:9000", null);
        context.Response.Body = new MemoryStream();
        Assert.True(await Loopback(new(null, null)).TryRefuseAsync(context));
        Assert.Contains("does not know the name evil.example: add it to service.hosts", Body(context), StringComparison.Ordinal);
        Assert.Contains("its Host evil.example is not a name of this server", Assert.Single(_log.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public void TheLogHasTheNamesAndTheAddressesOfTheServer()
    {
        Assert.Equal("localhost 127.0.0.1 [::1]", Loopback(new(null, null)).Policy.ShownHosts);
        Assert.Equal(
            "localhost good.example proxy.example 10.1.2.3 127.0.0.1 [::1]",
            Loopback(new(["https://good.example"], ["proxy.example", "10.1.2.3"])).Policy.ShownHosts);
        Assert.Equal("any", Loopback(new(["*"], null)).Policy.ShownHosts);
        Assert.Equal("any", Everywhere(new(null, null)).Policy.ShownHosts);
        Assert.Equal(
            $"{Dns.GetHostName()} good.example localhost and all addresses", Everywhere(new(["https://good.example"], null)).Policy.ShownHosts);
    }

    [Theory]
    [InlineData("https://good.example", true)]
    [InlineData("http://localhost:9000", true)]
    [InlineData("http://localhost:5173", false)] // may connect, and is another site that may send the cookie
    [InlineData(null, false)]
    public void ACookieCountsOnlyFromTheServersOwnPagesAndListedOnes(string? origin, bool counts) =>
        Assert.Equal(counts, Loopback(new(["https://good.example", "*"], null)).IsFromKnownPage(Context("localhost:9000", origin).Request));

    private Doors Loopback(DoorSettings settings) =>
        new(settings, false, "localhost", [new(IPAddress.Loopback, 9_000), new(IPAddress.IPv6Loopback, 9_000)], _log);

    private Doors Everywhere(DoorSettings settings, bool guarded = false) =>
        new(settings, guarded, "0.0.0.0", [new(IPAddress.Any, 9_000)], _log);

    private static bool LetsIn(Doors doors, string host, string? origin) => LetsIn(doors, Context(host, origin));

    private static bool LetsIn(Doors doors, HttpContext context)
    {
        var refused = doors.TryRefuseAsync(context).GetAwaiter().GetResult();
        Assert.Equal(refused ? 403 : 200, context.Response.StatusCode);
        return !refused;
    }

    private static DefaultHttpContext Context(string host, string? origin, string path = "/")
    {
        var context = new DefaultHttpContext();
        (context.Request.Host, context.Request.Path) = (new(host), path);
        if (origin is not null) context.Request.Headers.Origin = origin;
        return context;
    }

    private static string Body(HttpContext context) => System.Text.Encoding.UTF8.GetString(((MemoryStream)context.Response.Body).ToArray());
}
