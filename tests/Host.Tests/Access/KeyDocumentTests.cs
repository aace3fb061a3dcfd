using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using Microsoft.IdentityModel.Tokens;
using SharedState.Host.Access;
using SharedState.Host.Tests.Engine;
using static SharedState.Host.Tests.Access.TestIssuer;

namespace SharedState.Host.Tests.Access;

/// <summary>Keys that an issuer publishes, over real HTTP.</summary>
[SuppressMessage("Reliability", "CA1001", Justification = "DisposeAsync, which xunit calls, disposes all.")]
public sealed class KeyDocumentTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddDays(20_000));
    private readonly KeepingLogger _log = new();
    private readonly RSA _first = RSA.Create(2_048), _second = RSA.Create(2_048);
    private readonly AccessControl _access;
    private WebApplication? _issuer;
    private Uri _url = null!;
    private int _fetches;
    private Func<HttpContext, Task> _answer;

    public KeyDocumentTests()
    {
        _access = new(_time, _log);
        _answer = context => context.Response.WriteAsync(KeySet(("first", _first)));
    }

    public async Task InitializeAsync()
    {
        await StartAsync("http://127.0.0.1:0");
        _access.Set(new([new(Name, null, null, _url)], [], null));
    }

    public async Task DisposeAsync()
    {
        _access.Dispose();
        await StopAsync();
        _first.Dispose();
        _second.Dispose();
    }

    [Fact]
    public async Task TheDocumentIsFetchedOnceForManyTokens()
    {
        var identities = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => CheckAsync(_first, "first")));
        Assert.All(identities, identity => Assert.Equal("ann", identity?.User));
        Assert.NotNull(await CheckAsync(_first, null)); // a token that names no key
        Assert.Equal(1, _fetches);
    }

    [Fact]
    public async Task AKeyOnACurveIsAKey()
    {
        using var curve = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        _answer = context => context.Response.WriteAsync(KeySet(("first", _first), ("curve", curve)));
        var by = new SigningCredentials(new ECDsaSecurityKey(curve) { KeyId = "curve" }, "ES384");
        var (identity, reason) = await _access.Policy!.CheckAsync(Token(_time, by), CancellationToken.None);
        Assert.True(identity is not null, reason);
    }

    [Fact]
    public async Task ANewKeyIsFetchedAndTheSessionsOfTheOldOneGoOn()
    {
        var old = await CheckAsync(_first, "first");
        _answer = context => context.Response.WriteAsync(KeySet(("second", _second)));
        _time.Advance(KeyDocument.LeastAge);
        Assert.NotNull(await CheckAsync(_second, "second"));
        Assert.Same(old, _access.Policy!.Renew(old!, _time.GetUtcNow()));
        Assert.Null(await CheckAsync(_first, "first"));
    }

    [Fact]
    public async Task UnknownKeysCauseOneFetchAMinute()
    {
        Assert.NotNull(await CheckAsync(_first, "first"));
        for (var attempt = 0; attempt < 50; attempt++) Assert.Null(await CheckAsync(_second, $"unknown{attempt}"));
        Assert.Equal(1, _fetches);
        _time.Advance(KeyDocument.LeastAge - TimeSpan.FromSeconds(1));
        Assert.Null(await CheckAsync(_second, "unknown"));
        Assert.Equal(1, _fetches);
        _time.Advance(TimeSpan.FromSeconds(1));
        for (var attempt = 0; attempt < 50; attempt++) Assert.Null(await CheckAsync(_second, $"unknown{attempt}"));
        Assert.Equal(2, _fetches);
    }

    [Fact]
    public async Task AnIssuerThatIsAwayAtFirstIsAskedAgainSoon()
    {
        await StopAsync();
        Assert.Null(await CheckAsync(_first, "first"));
        Assert.Contains(_log.Lines, line => line.StartsWith($"The keys at {_url} could not be fetched", StringComparison.Ordinal));
        await StartAsync($"http://127.0.0.1:{_url.Port}");
        _time.Advance(KeyDocument.Pause);
        Assert.NotNull(await CheckAsync(_first, "first"));
    }

    [Fact]
    public async Task AnIssuerThatIsAwayLaterTakesNoKeyAway()
    {
        Assert.NotNull(await CheckAsync(_first, "first"));
        await StopAsync();
        _time.Advance(KeyDocument.MostAge);
        Assert.NotNull(await CheckAsync(_first, "first"));
        await Wait.UntilAsync(() => _log.Lines.Count == 1, "the fetch has failed");
        Assert.NotNull(await CheckAsync(_first, "first"));
    }

    [Fact]
    public async Task AKeyThatTheIssuerWithdrewGoes()
    {
        Assert.NotNull(await CheckAsync(_first, "first"));
        _answer = context => context.Response.WriteAsync(KeySet(("second", _second)));
        _time.Advance(KeyDocument.MostAge);
        await Wait.UntilAsync(async () => await CheckAsync(_first, "first") is null, "the key is gone");
    }

    public static TheoryData<string, int, string> Useless { get; } = new()
    {
        { "not found", 404, "404" },
        { "<html>", 200, "it is not a JSON Web Key Set" },
        { "{}", 200, "there is no public RSA key" },
        { """{"keys":[]}""", 200, "there is no public RSA key" },
        { """{"keys":[{"kty":"oct","k":"c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA"}]}""", 200, "there is no public RSA key" },
        { """{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}""", 200, "there is no public RSA key" },
        { new string(' ', KeyFile.MostBytes + 1), 200, "buffer" },
    };

    [Theory]
    [MemberData(nameof(Useless))]
    public async Task AUselessAnswerIsLoggedAndRefusesTheToken(string body, int status, string reason)
    {
        _answer = context =>
        {
            context.Response.StatusCode = status;
            return context.Response.WriteAsync(body);
        };
        Assert.Null(await CheckAsync(_first, "first"));
        Assert.Contains(reason, Assert.Single(_log.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ARedirectIsNotFollowed()
    {
        _answer = context =>
        {
            if (_fetches == 1) context.Response.Redirect("/elsewhere");
            return context.Response.WriteAsync(KeySet(("first", _first)));
        };
        Assert.Null(await CheckAsync(_first, "first"));
        Assert.Equal(1, _fetches);
    }

    [Fact]
    public async Task TheKeysOutliveAChangeOfTheConfiguration()
    {
        Assert.NotNull(await CheckAsync(_first, "first"));
        await StopAsync();
        _access.Set(new([new(Name, null, null, _url)], [], "session"));
        Assert.NotNull(await CheckAsync(_first, "first"));
    }

    private async Task<Identity?> CheckAsync(RSA key, string? name)
    {
        var by = new SigningCredentials(new RsaSecurityKey(key) { KeyId = name }, "RS256");
        return (await _access.Policy!.CheckAsync(Token(_time, by), CancellationToken.None)).Identity;
    }

    private async Task StartAsync(string address)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls(address);
        _issuer = builder.Build();
        _issuer.Run(context =>
        {
            Interlocked.Increment(ref _fetches);
            return _answer(context);
        });
        await _issuer.StartAsync();
        _url = new($"{_issuer.Urls.Single()}/jwks.json");
    }

    private async Task StopAsync()
    {
        if (_issuer is null) return;
        await _issuer.StopAsync();
        await _issuer.DisposeAsync();
        _issuer = null;
    }
}
