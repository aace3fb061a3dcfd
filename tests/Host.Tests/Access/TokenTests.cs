using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Microsoft.IdentityModel.Tokens;
using SharedState.Host.Access;
using static SharedState.Host.Tests.Access.TestIssuer;

namespace SharedState.Host.Tests.Access;

/// <summary>Which tokens are valid.</summary>
public sealed class TokenTests : IDisposable
{
    private const string Unfitting = "its algorithm (alg) does not fit the keys of its issuer";

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddDays(20_000));
    private readonly AccessControl _access;
    private readonly RSA _rsa = RSA.Create(2_048);
    private readonly ECDsa _ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public TokenTests() => _access = new(_time, NullLogger.Instance);

    public void Dispose()
    {
        _access.Dispose();
        _rsa.Dispose();
        _ecdsa.Dispose();
    }

    [Theory]
    [InlineData("HS256")]
    [InlineData("HS384")]
    [InlineData("HS512")]
    public async Task ATokenSignedWithTheSecretIsValid(string algorithm)
    {
        var secret = new SymmetricSecurityKey(Encoding.UTF8.GetBytes(new string('s', 64)));
        var config = Trusting(IssuerKey.OfSecret(secret.Key));
        var identity = await IdentifyAsync(config, Token(_time, new(secret, algorithm), """{"role":"admin","deep":{"a":[1,"ä"]}}"""));
        Assert.Equal("ann", identity.User);
        Assert.Equal(Seconds(_time, 3_600), identity.Expires);
        var claims = JsonNode.Parse(identity.Claims.Span)!;
        Assert.Equal("ä", (string)claims["deep"]!["a"]![1]!);
        Assert.Equal("admin", (string)claims["role"]!);
    }

    [Theory]
    [InlineData("RS256")]
    [InlineData("RS512")]
    [InlineData("PS256")]
    public async Task ATokenSignedWithAnRsaKeyIsValid(string algorithm) =>
        Assert.Null(await ReasonAsync(Trusting(IssuerKey.Of(_rsa)!), Token(_time, new(new RsaSecurityKey(_rsa), algorithm))));

    [Fact]
    public async Task ATokenSignedWithAKeyOnACurveIsValid() =>
        Assert.Null(await ReasonAsync(Trusting(IssuerKey.Of(_ecdsa)!), Token(_time, new(new ECDsaSecurityKey(_ecdsa), "ES256"))));

    [Fact]
    public async Task ATokenWithoutASubjectIsAUserWithoutAName()
    {
        var identity = await IdentifyAsync(Config, Token(_time, claims: """{"sub":null}"""));
        Assert.Null(identity.User);
        Assert.False(identity.IsAnonymous);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("None")]
    [InlineData("NONE")]
    public async Task ATokenWithoutASignatureIsRefused(string algorithm)
    {
        var claims = $$"""{"iss":"{{Name}}","sub":"ann","exp":{{Seconds(_time, 60)}}}""";
        foreach (var signature in new[] { "", "AAAA" })
        {
            var token = Forge($$"""{"alg":"{{algorithm}}","typ":"JWT"}""", claims, signature);
            Assert.Equal(Unfitting, await ReasonAsync(Config, token));
        }
    }

    [Fact]
    public async Task APublicKeyIsNoSecret()
    {
        // A server that lets the token choose the algorithm takes the public key, which everyone knows, for the secret of an HMAC.
        foreach (var secret in new[] { _rsa.ExportSubjectPublicKeyInfo(), Encoding.UTF8.GetBytes(_rsa.ExportSubjectPublicKeyInfoPem()) })
        {
            var token = Token(_time, new(new SymmetricSecurityKey(secret), "HS256"));
            Assert.Equal(Unfitting, await ReasonAsync(Trusting(IssuerKey.Of(_rsa)!), token));
        }
    }

    [Fact]
    public async Task ATokenOfAnotherKeyIsRefused()
    {
        using var other = RSA.Create(2_048);
        var token = Token(_time, new(new RsaSecurityKey(other), "RS256"));
        Assert.Equal("its signature is wrong", await ReasonAsync(Trusting(IssuerKey.Of(_rsa)!), token));
    }

    [Fact]
    public async Task ATokenWhoseClaimsWereChangedIsRefused()
    {
        var parts = Token(_time).Split('.');
        var claims = Base64UrlEncoder.Decode(parts[1]).Replace("ann", "bob", StringComparison.Ordinal);
        Assert.Equal("its signature is wrong", await ReasonAsync(Config, $"{parts[0]}.{Base64UrlEncoder.Encode(claims)}.{parts[2]}"));
    }

    [Theory]
    [InlineData(-31, "it has expired")]
    [InlineData(-30, "it has expired")]
    [InlineData(-29, null)] // the leeway
    public async Task AnExpiredTokenIsRefused(int seconds, string? reason) =>
        Assert.Equal(reason, await ReasonAsync(Config, Token(_time, claims: $$"""{"exp":{{Seconds(_time, seconds)}}}""")));

    [Theory]
    [InlineData(31, "it is not valid yet (nbf)")]
    [InlineData(30, null)]
    [InlineData(-1_000, null)]
    public async Task ATokenOfTheFutureIsRefused(int seconds, string? reason) =>
        Assert.Equal(reason, await ReasonAsync(Config, Token(_time, claims: $$"""{"nbf":{{Seconds(_time, seconds)}}}""")));

    [Fact]
    public async Task ATokenThatNeverExpiresIsRefused() =>
        Assert.Equal("it never expires (it has no exp)", await ReasonAsync(Config, Token(_time, claims: """{"exp":null}""")));

    [Fact]
    public async Task ATokenOfAFarFutureIsValid() =>
        Assert.Equal("ann", (await IdentifyAsync(Config, Token(_time, claims: """{"exp":9999999999999}"""))).User);

    [Fact]
    public async Task ATokenOfAnotherIssuerIsRefused() =>
        Assert.Equal("its issuer (iss) is not in access.tokens", await ReasonAsync(Config, Token(_time, claims: """{"iss":"other"}""")));

    [Theory]
    [InlineData("\"boards\"", null)]
    [InlineData("[\"other\",\"boards\"]", null)]
    [InlineData("\"other\"", "its audience (aud) is another one")]
    [InlineData("null", "its audience (aud) is another one")]
    [InlineData("\"Boards\"", "its audience (aud) is another one")]
    public async Task ATokenForAnotherAudienceIsRefused(string audience, string? reason)
    {
        var config = new AccessConfig([Config.Issuers[0] with { Audience = "boards" }], [], null);
        Assert.Equal(reason, await ReasonAsync(config, Token(_time, claims: $$"""{"aud":{{audience}}}""")));
    }

    [Fact]
    public async Task OneOfSeveralEntriesForAnIssuerIsEnough()
    {
        var old = new IssuerConfig(Name, null, [IssuerKey.OfSecret(new byte[32])], null);
        Assert.Null(await ReasonAsync(new([old, Config.Issuers[0]], [], null), Token(_time)));
    }

    [Fact]
    public async Task AKeyOfAnotherNameIsNotTried()
    {
        var config = Trusting(IssuerKey.Of(_rsa, "first")!);
        SigningCredentials By(string name) => new(new RsaSecurityKey(_rsa) { KeyId = name }, "RS256");
        Assert.Null(await ReasonAsync(config, Token(_time, By("first"))));
        Assert.Contains("no key of its name (kid)", await ReasonAsync(config, Token(_time, By("second"))), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("ann")]
    [InlineData("a.b")]
    [InlineData("a.b.c")]
    [InlineData("a.b.c.d")]
    [InlineData("a.b.c.d.e")] // an encrypted token
    [InlineData("..")]
    [InlineData("eyJhbGciOiJIUzI1NiJ9..")]
    [InlineData("eyJhbGciOiJIUzI1NiJ9.W10.AAAA")] // claims that are a list
    [InlineData("ssk_")]
    [InlineData("ssk_unknown")]
    [InlineData("\u0000\ud800")]
    public async Task WhatIsNoTokenIsRefused(string token) => Assert.NotNull(await ReasonAsync(WithKey("ssk_known"), token));

    [Fact]
    public async Task ATokenThatDemandsExtensionsIsRefused()
    {
        var token = Forge("""{"alg":"HS256","crit":["b64"],"b64":false}""", $$"""{"iss":"{{Name}}"}""", "AAAA");
        Assert.Equal("it demands extensions (crit)", await ReasonAsync(Config, token));
    }

    [Fact]
    public async Task ATokenOf100KilobytesIsRefusedUnread() =>
        Assert.Equal("it has 102400 characters, more than 16384", await ReasonAsync(Config, new string('a', 100 << 10)));

    [Fact]
    public async Task AnApiKeyIsKnownByItsHash()
    {
        var identity = await IdentifyAsync(WithKey("ssk_0123456789"), "ssk_0123456789");
        Assert.Equal(
            """{"user":"importer","claims":{"role":"admin"},"expires":null}""", Encoding.UTF8.GetString(identity.ToJson()));
        Assert.Equal("no API key has its hash", await ReasonAsync(WithKey("ssk_0123456789"), "ssk_0123456780"));
        await IdentifyAsync(WithKey("ssk_aBc"), "ssk_aBc");
        foreach (var other in new[] { "ssk_abc", "ssk_aB", "ssk_aBcd", "ssk_aBc ", "ssk_" + ApiKey.HashOf("ssk_aBc"), "SSK_aBc" })
            Assert.NotNull(await ReasonAsync(WithKey("ssk_aBc"), other));
    }

    [Fact]
    public async Task AnIdentityEndsWithItsTokenOrItsKey()
    {
        var identity = await IdentifyAsync(Config, Token(_time));
        Assert.Same(identity, Renewed(Config, identity));
        Assert.Same(Identity.Anonymous, Renewed(Trusting(IssuerKey.OfSecret(new byte[32])), identity));
        Assert.Same(Identity.Anonymous, Renewed(new([Config.Issuers[0] with { Audience = "other" }], [], null), identity));
        _time.Advance(TimeSpan.FromSeconds(3_629));
        Assert.Same(identity, Renewed(Config, identity));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Same(Identity.Anonymous, Renewed(Config, identity));
    }

    [Fact]
    public async Task AnApiKeyHasTheClaimsThatTheConfigurationGivesItNow()
    {
        var identity = await IdentifyAsync(WithKey("ssk_1"), "ssk_1");
        var changed = Renewed(WithKey("ssk_1", claims: """{"role":"guest"}"""), identity);
        Assert.Equal("""{"role":"guest"}""", Encoding.UTF8.GetString(changed.Claims.Span));
        Assert.Same(Identity.Anonymous, Renewed(WithKey("ssk_2"), identity));
    }

    private Identity Renewed(AccessConfig config, Identity identity)
    {
        _access.Set(config);
        return _access.Policy!.Renew(identity, _time.GetUtcNow());
    }

    private async Task<Identity> IdentifyAsync(AccessConfig config, string token)
    {
        _access.Set(config);
        var (identity, reason) = await _access.Policy!.CheckAsync(token, CancellationToken.None);
        Assert.True(identity is not null, reason);
        return identity;
    }

    private async Task<string?> ReasonAsync(AccessConfig config, string token)
    {
        _access.Set(config);
        var (identity, reason) = await _access.Policy!.CheckAsync(token, CancellationToken.None);
        Assert.True(reason.Length == 0 == identity is not null);
        return identity is null ? reason : null;
    }
}
