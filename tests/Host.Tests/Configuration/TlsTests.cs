using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using SharedState.Host.Configuration;
using SharedState.Host.Services;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Configuration;

/// <summary>A renewed certificate is used without a restart, and a broken one never.</summary>
public sealed class TlsTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task NewHandshakesGetTheChangedCertificateAndABrokenOneKeepsTheOld()
    {
        WritePair("one");
        var time = new FakeTimeProvider();
        using var certificate = new TlsCertificate(new(_folder["cert.pem"], _folder["key.pem"]), NullLogger<TlsCertificate>.Instance, time);
        await certificate.StartAsync(default);
        Assert.Equal("CN=one", await SubjectAsync(certificate));

        WritePair("two");
        Assert.Equal("CN=one", await SubjectAsync(certificate));
        time.Advance(TlsCertificate.Interval);
        Assert.Equal("CN=two", await SubjectAsync(certificate));

        _folder.Write("key.pem", "broken");
        time.Advance(TlsCertificate.Interval);
        Assert.Equal("CN=two", await SubjectAsync(certificate));

        File.Delete(_folder["cert.pem"]);
        time.Advance(TlsCertificate.Interval);
        Assert.Equal("CN=two", await SubjectAsync(certificate));

        WritePair("three");
        time.Advance(TlsCertificate.Interval);
        Assert.Equal("CN=three", await SubjectAsync(certificate));
    }

    [Fact]
    public async Task TheProgramSpeaksTls()
    {
        WritePair("localhost");
        _folder.Write("my.json", """
            {"service": {"port": 0, "tls": {"certificate": "cert.pem", "key": "key.pem"}},
             "services": [{"name": "items", "module": "items_service", "config": {"db_type": "sqlite", "db_name": ":memory:"}}]}
            """);
        // From another folder: the files are relative to the configuration, not to where the program was started.
        using var host = HostProcess.Start("/", [_folder["my.json"]]);
        var uri = await host.UriAsync();
        Assert.Equal("https", uri.Scheme);
        using var tcp = new TcpClient();
        await tcp.ConnectAsync("localhost", uri.Port);
        await using var tls = new SslStream(tcp.GetStream(), false, (_, presented, _, _) => presented is not null);
        await tls.AuthenticateAsClientAsync("localhost");
        Assert.Equal("CN=localhost", tls.RemoteCertificate!.Subject);

        // A large item needs several writes and returns complete. A client that aborts does not affect the host.
        var url = new UriBuilder(uri) { Scheme = "wss" }.Uri;
        await using var client = await Client.ConnectAsync(
            url, options => options.RemoteCertificateValidationCallback = (_, presented, _, _) => presented is not null);
        await client.AskAsync("PUT", "/subs", """{"insert":[["/app/items/a",{}]]}""");
        var text = new string('x', 300_000);
        var reply = await client.AskAsync("PUT", "/app/items/a", $$"""{"insert":[{"id":"1","text":"{{text}}"}]}""");
        Assert.Equal(1, (int)reply["data"]!);
        Assert.Equal(text, (string)(await client.AskAsync("GET", "/app/items/a"))["data"]![0]!["text"]!);
        using (var broken = new ClientWebSocket())
        {
            broken.Options.RemoteCertificateValidationCallback = (_, presented, _, _) => presented is not null;
            await broken.ConnectAsync(url, CancellationToken.None);
            broken.Abort();
        }
        Assert.Equal(1, (int)(await client.AskAsync("PUT", "/app/items/a", """{"remove":["1"]}"""))["data"]!);
        Assert.Equal(0, await host.TerminateAsync());
    }

    [Fact]
    public async Task ACertificateThatIsNotValidIsNamedAtTheStartAndDailyFromTwoWeeksBeforeItsEnd()
    {
        var (time, logger) = (new FakeTimeProvider(DateTimeOffset.UtcNow), new KeepingLogger());
        WritePair("x", days: (0, 30));
        using var certificate = new TlsCertificate(new(_folder["cert.pem"], _folder["key.pem"]), logger, time);
        await certificate.StartAsync(default);
        Assert.Empty(logger.Lines);
        for (var day = 0; day < 33; day++) time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(14, logger.Lines.Count(line => line.Contains(" expires in ", StringComparison.Ordinal)));
        Assert.InRange(logger.Lines.Count(line => line.Contains("clients refuse it: it expired at ", StringComparison.Ordinal)), 3, 4);

        var started = new KeepingLogger();
        WritePair("x", days: (40, 50));
        using var early = new TlsCertificate(new(_folder["cert.pem"], _folder["key.pem"]), started, time);
        await early.StartAsync(default);
        Assert.Contains("it is not valid before ", Assert.Single(started.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AValidPairIsNotReplacedByOneThatIsNotValidAndByThatWhenItIs()
    {
        var (time, logger) = (new FakeTimeProvider(DateTimeOffset.UtcNow), new KeepingLogger());
        WritePair("valid", days: (-1, 100));
        using var certificate = new TlsCertificate(new(_folder["cert.pem"], _folder["key.pem"]), logger, time);
        await certificate.StartAsync(default);
        WritePair("expired", days: (-10, -1));
        time.Advance(TlsCertificate.Interval);
        Assert.Equal("CN=valid", await SubjectAsync(certificate));
        Assert.Contains("it expired at ", Assert.Single(logger.Lines), StringComparison.Ordinal);

        WritePair("early", days: (2, 100));
        time.Advance(TlsCertificate.Interval * 10);
        Assert.Equal("CN=valid", await SubjectAsync(certificate));
        Assert.Equal(2, logger.Lines.Count);
        time.Advance(TimeSpan.FromDays(3));
        Assert.Equal("CN=early", await SubjectAsync(certificate));
    }

    [Theory]
    [InlineData("another", "does not belong to the certificate in ")]
    [InlineData("rsa", "does not belong to the certificate in ")]
    [InlineData("encrypted", "is encrypted, and the host cannot ask for its passphrase")]
    [InlineData("certificate", "key.pem, but CERTIFICATE")]
    [InlineData("broken", "key.pem: it is not in PEM form")]
    [InlineData(null, "cannot be read: there is no such file")]
    [InlineData("damaged", "are not a certificate and its unencrypted private key in PEM form")]
    public void FilesThatGiveNoCertificateAreAMistake(string? key, string expected)
    {
        WritePair("x");
        File.Delete(_folder["key.pem"]);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var rsa = RSA.Create(2048);
        var text = key switch
        {
            "another" => other.ExportPkcs8PrivateKeyPem(),
            "rsa" => rsa.ExportPkcs8PrivateKeyPem(),
            "encrypted" => other.ExportEncryptedPkcs8PrivateKeyPem(
                "secret", new(PbeEncryptionAlgorithm.Aes128Cbc, HashAlgorithmName.SHA256, 1)),
            "certificate" => File.ReadAllText(_folder["cert.pem"]),
            "damaged" => "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            _ => key,
        };
        if (text is not null) _folder.Write("key.pem", text);
        _folder.Write("my.json", """
            {"service": {"tls": {"certificate": "cert.pem", "key": "key.pem"}}, "services": [{"name": "items", "module": "items_service", "config": {"db_type": "memory"}}]}
            """);
        using var installation = Installation.Read(_folder["my.json"], TempFolder.TestPlugins, listen: false);
        Assert.Contains(expected, Assert.Single(installation.Mistakes).ToString(), StringComparison.Ordinal);
    }

    private void WritePair(string name, (int From, int To)? days = null)
    {
        var (from, to) = days ?? (-1, 1);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(from), DateTimeOffset.UtcNow.AddDays(to));
        _folder.Write("cert.pem", certificate.ExportCertificatePem());
        _folder.Write("key.pem", key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>Whose certificate a handshake gets.</summary>
    private static async Task<string> SubjectAsync(TlsCertificate certificate)
    {
        using var listener = new TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        using var client = new TcpClient();
        await client.ConnectAsync((System.Net.IPEndPoint)listener.LocalEndpoint);
        using var accepted = await listener.AcceptTcpClientAsync();
        await using var server = new SslStream(accepted.GetStream());
        await using var tls = new SslStream(client.GetStream(), false, (_, presented, _, _) => presented is not null);
        var options = await certificate.Handshake(HostProcess.Deadline).OnConnection(default!);
        await Task.WhenAll(server.AuthenticateAsServerAsync(options), tls.AuthenticateAsClientAsync("x"));
        return tls.RemoteCertificate!.Subject;
    }
}
