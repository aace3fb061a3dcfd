using System.Security.Cryptography;
using System.Text.Json.Nodes;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using SharedState.Host.Services;

namespace SharedState.Host.Tests.Access;

/// <summary>The field <c>access</c> of the configuration: its mistakes, and what is read.</summary>
public sealed class AccessConfigTests : IDisposable
{
    private const string Hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("1", "access: must be an object, not a number")]
    [InlineData("""{"token": []}""", "access.token: unknown field; did you mean \"tokens\"?")]
    [InlineData("""{"tokens": {}}""", "access.tokens: must be a list, not an object")]
    [InlineData("""{"tokens": [1]}""", "access.tokens[0]: must be an object, not a number")]
    [InlineData("""{"tokens": [{"secret": "0123456789abcdef0123456789abcdef"}]}""", "access.tokens[0]: \"issuer\" is missing")]
    [InlineData("""{"tokens": [{"issuer": "a"}]}""", "access.tokens[0]: needs one of \"secret\", \"keys\" (a file) and \"jwks\"")]
    [InlineData(
        """{"tokens": [{"issuer": "a", "secret": "0123456789abcdef0123456789abcdef", "jwks": "https://a/"}]}""",
        "access.tokens[0]: needs one of \"secret\", \"keys\" (a file) and \"jwks\" (a URL)")]
    [InlineData("""{"tokens": [{"issuer": "a", "secret": "short"}]}""", "access.tokens[0].secret: has 5 bytes, and must have at least 32; make one with openssl rand -base64 48, and let {\"env\": \"NAME\"} or {\"file\": \"NAME\"} stand here")]
    [InlineData(
        """{"tokens": [{"issuer": "a", "secret": {"env": "SHAREDSTATE_NOT_SET"}}]}""",
        "access.tokens[0].secret.env: the environment has no variable \"SHAREDSTATE_NOT_SET\"; set it before the start")]
    [InlineData(
        """{"tokens": [{"issuer": "a", "keys": "no.pem"}]}""",
        "access.tokens[0].keys: no public keys are in no.pem: the file cannot be read: there is no such file")]
    [InlineData("""{"tokens": [{"issuer": "a", "jwks": "http://id.example/keys"}]}""", "access.tokens[0].jwks: must be the https://")]
    [InlineData("""{"tokens": [{"issuer": "a", "jwks": "keys.json"}]}""", "access.tokens[0].jwks: must be the https:// address")]
    [InlineData("""{"tokens": [{"issuer": "a", "jwks": "https://me:word@id.example/"}]}""", "access.tokens[0].jwks: must be the https://")]
    [InlineData("""{"keys": [{"sha256": "HASH"}]}""", "access.keys[0]: \"name\" is missing")]
    [InlineData("""{"keys": [{"name": "", "sha256": "HASH"}]}""", "access.keys[0].name: must not be empty")]
    [InlineData("""{"keys": [{"name": "a", "sha256": "ssk_1"}]}""", "access.keys[0].sha256: must be the SHA-256 of the whole key")]
    [InlineData("""{"keys": [{"name": "a", "sha256": "HASH", "claims": 1}]}""", "access.keys[0].claims: must be an object, not a number")]
    [InlineData(
        """{"keys": [{"name": "a", "sha256": "HASH"}, {"name": "b", "sha256": "HASH"}]}""",
        "access.keys[1]: another entry has the same key")]
    [InlineData("""{"cookie": "a b"}""", "access.cookie: must be the name of a cookie, like \"session\"")]
    [InlineData("""{"cookie": ""}""", "access.cookie: must be the name of a cookie, like \"session\"")]
    public void AMistakeNamesItsPlaceAndTheRemedy(string access, string expected)
    {
        var mistake = Assert.Single(Read(access.Replace("HASH", Hash, StringComparison.Ordinal)).Mistakes).ToString();
        Assert.Contains(expected, mistake, StringComparison.Ordinal);
    }

    [Fact]
    public void ACookieNeedsAListOfOrigins() =>
        Assert.Contains(
            "access.cookie: a cookie needs a list of origins",
            Assert.Single(Read("""{"cookie": "session"}""", """{"origins": ["*"]}""").Mistakes).ToString(), StringComparison.Ordinal);

    [Fact]
    public void NoMistakeShowsASecret()
    {
        _folder.Write("secret.txt", "too-short-secret");
        var mistake = Assert.Single(Read("""{"tokens": [{"issuer": "a", "secret": {"file": "secret.txt"}}]}""").Mistakes).ToString();
        Assert.DoesNotContain("too-short", mistake, StringComparison.Ordinal);
    }

    [Fact]
    public void AllKindsOfKeysAreRead()
    {
        using var rsa = RSA.Create(2_048);
        using var curve = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=id", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddDays(1));
        _folder.Write("two.pem", rsa.ExportSubjectPublicKeyInfoPem() + "\n" + curve.ExportSubjectPublicKeyInfoPem());
        _folder.Write("certificate.pem", certificate.ExportCertificatePem());
        _folder.Write("old.pem", rsa.ExportRSAPublicKeyPem());
        _folder.Write("set.json", TestIssuer.KeySet(("a", rsa), ("b", curve)));
        _folder.Write("secret.txt", "0123456789abcdef0123456789abcdef\n");
        var installation = Read("""
            {"tokens": [
              {"issuer": "a", "keys": "two.pem"}, {"issuer": "b", "keys": "certificate.pem"}, {"issuer": "c", "keys": "old.pem"},
              {"issuer": "d", "keys": "set.json", "audience": "boards"}, {"issuer": "e", "secret": {"file": "secret.txt"}},
              {"issuer": "f", "jwks": "https://id.example/keys"}, {"issuer": "g", "jwks": "http://localhost:1/keys"}],
             "cookie": "__Host-session",
             "keys": [{"name": "importer", "sha256": "HASH", "claims": {"role": "admin", "n": [1.50, true, null, {"a": "ä"}]}}]}
            """.Replace("HASH", Hash.ToUpperInvariant(), StringComparison.Ordinal));
        Assert.Empty(installation.Mistakes);
        var access = installation.Config.Access!;
        Assert.Equal([2, 1, 1, 2, 1, null, null], access.Issuers.Select(issuer => issuer.Keys?.Count));
        Assert.Equal(["RS256", "ES256", "RS256", "RS256", "RS256", "ES256", "HS256"],
            access.Issuers.SelectMany(issuer => issuer.Keys ?? []).Select(key => key.Algorithms[0]));
        Assert.Equal(
            """{"role":"admin","n":[1.50,true,null,{"a":"\u00E4"}]}""", Encoding.UTF8.GetString(access.Keys[0].Identity.Claims.Span));
        Assert.Equal(Hash, access.Keys[0].Hash);
        // A change of these files is a change of the configuration.
        foreach (var name in new[] { "two.pem", "set.json", "secret.txt" }) Assert.Contains(_folder[name], installation.Config.File.Paths);
    }

    [Fact]
    public void KeysThatAreUnsafeOrUselessAreMistakes()
    {
        using var small = RSA.Create(1_024);
        using var rsa = RSA.Create(2_048);
        using var odd = ECDsa.Create(ECCurve.NamedCurves.brainpoolP256r1);
        foreach (var (text, expected) in new[]
        {
            (small.ExportSubjectPublicKeyInfoPem(), "has no public RSA key of at least 2048 bits"),
            (odd.ExportSubjectPublicKeyInfoPem(), "has no public RSA key of at least 2048 bits"),
            (rsa.ExportPkcs8PrivateKeyPem(), "it has a private key, which only the issuer may know"),
            ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "has no public RSA key"),
            ("hello", "it has neither PEM blocks nor a JSON Web Key Set"),
            ("{\"keys\": 1}", "it is not a JSON Web Key Set"),
        })
        {
            _folder.Write("key.pem", text);
            var mistake = Assert.Single(Read("""{"tokens": [{"issuer": "a", "keys": "key.pem"}]}""").Mistakes).ToString();
            Assert.Contains($"access.tokens[0].keys: no public keys are in key.pem: ", mistake, StringComparison.Ordinal);
            Assert.Contains(expected, mistake, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void AChangeOfAKeyIsAChangeOfTheConfiguration()
    {
        using var one = RSA.Create(2_048);
        using var other = RSA.Create(2_048);
        string Fingerprint(RSA key)
        {
            _folder.Write("key.pem", key.ExportSubjectPublicKeyInfoPem());
            return Read("""{"tokens": [{"issuer": "a", "keys": "key.pem"}]}""").Config.Access!.Fingerprint;
        }
        Assert.Equal(Fingerprint(one), Fingerprint(one));
        Assert.NotEqual(Fingerprint(one), Fingerprint(other));
    }

    [Theory]
    [InlineData("boards")]
    [InlineData("https://id.example/1")]
    [InlineData("session")]
    [InlineData("importer")]
    [InlineData("admin")]
    public void AChangeOfAFieldIsAChangeOfTheConfiguration(string value)
    {
        var access = """
            {"tokens": [{"issuer": "a", "audience": "boards", "jwks": "https://id.example/1"}], "cookie": "session",
             "keys": [{"name": "importer", "sha256": "HASH", "claims": {"role": "admin"}}]}
            """.Replace("HASH", Hash, StringComparison.Ordinal);
        string Fingerprint(string text) => Read(text).Config.Access!.Fingerprint;
        Assert.Equal(Fingerprint(access), Fingerprint(access));
        Assert.NotEqual(Fingerprint(access), Fingerprint(access.Replace(value, $"{value}2", StringComparison.Ordinal)));
    }

    [Fact]
    public void AKeyThatMovesToAnotherIssuerIsAChangeOfTheConfiguration()
    {
        using var one = RSA.Create(2_048);
        using var other = RSA.Create(2_048);
        var first = one.ExportSubjectPublicKeyInfoPem();
        var both = $"{first}\n{other.ExportSubjectPublicKeyInfoPem()}";
        string Fingerprint(string ofA, string ofB)
        {
            _folder.Write("a.pem", ofA);
            _folder.Write("b.pem", ofB);
            return Read("""{"tokens": [{"issuer": "a", "keys": "a.pem"}, {"issuer": "b", "keys": "b.pem"}]}""").Config.Access!.Fingerprint;
        }
        var last = other.ExportSubjectPublicKeyInfoPem();
        Assert.NotEqual(Fingerprint(both, last), Fingerprint(first, $"{last}\n{last}"));
    }

    [Fact]
    public void AnotherAlgorithmOfAKeyIsAChangeOfTheConfiguration()
    {
        using var key = RSA.Create(2_048);
        string Fingerprint(string algorithm)
        {
            var set = JsonNode.Parse(TestIssuer.KeySet(("k1", key)))!;
            set["keys"]![0]!["alg"] = algorithm;
            _folder.Write("keys.json", set.ToJsonString());
            return Read("""{"tokens": [{"issuer": "a", "keys": "keys.json"}]}""").Config.Access!.Fingerprint;
        }
        Assert.NotEqual(Fingerprint("RS256"), Fingerprint("PS256"));
    }

    private Installation Read(string access, string service = "{}")
    {
        const string Items = """{"name": "items", "module": "items_service", "config": {"db_type": "memory"}}""";
        _folder.Write("my.json", $$"""{"service": {{service}}, "access": {{access}}, "services": [{{Items}}]}""");
        return Installation.Read(_folder["my.json"], TempFolder.TestPlugins, listen: false);
    }
}
