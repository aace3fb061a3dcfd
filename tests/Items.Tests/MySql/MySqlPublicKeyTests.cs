using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using SharedState.Items.MySql;
using Xunit;

namespace SharedState.Items.Tests.MySql;

/// <summary>
/// A program in the place of the database: it speaks like MySQL 8 without encryption, offers a key of its own, and reads the password.
/// </summary>
public sealed class MySqlPublicKeyTests : IDisposable
{
    private const string Password = "correct horse battery staple";
    private static readonly byte[] _nonce = [.. Enumerable.Range(1, 20).Select(value => (byte)value)];

    private readonly TemporaryFolder _folder = new();
    private readonly RSA _key = RSA.Create(2048);

    public void Dispose()
    {
        _key.Dispose();
        _folder.Delete();
    }

    [Fact]
    public async Task APasswordIsNotSentUnderAKeyThatTheServerSends()
    {
        var (fault, sent) = await LogInAsync(Port(), config => { });
        Assert.Null(sent);
        Assert.Equal((ItemServiceFault.Config, "allow_public_key_retrieval"), (fault.Fault, fault.ConfigKey));
        Assert.Contains("wants a password that nothing protects: set \"ssl.enabled\", let \"db_host\" be its socket, or, ", fault.Message);
    }

    [Fact]
    public async Task WhereTheSettingAllowsItThePasswordIsSent()
    {
        var (fault, sent) = await LogInAsync(Port(), config => config["allow_public_key_retrieval"] = "true");
        Assert.Equal(Password, sent);
        Assert.Equal((ItemServiceFault.Config, "db_password"), (fault.Fault, fault.ConfigKey));
    }

    /// <summary>Only the user to whom the folder of a socket belongs can answer there.</summary>
    [Fact]
    public async Task AServerBehindASocketIsTrusted()
    {
        var (_, sent) = await LogInAsync(new UnixDomainSocketEndPoint(_folder.File("mysql.sock")), config => { });
        Assert.Equal(Password, sent);
    }

    private static IPEndPoint Port() => new(IPAddress.Loopback, 0);

    private async Task<(ItemServiceException Fault, string? Sent)> LogInAsync(EndPoint address, Action<Dictionary<string, string>> change)
    {
        using var listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(address);
        listener.Listen();
        var config = new Dictionary<string, string>
        {
            ["db_type"] = "mysql",
            ["db_host"] = address is IPEndPoint ? "127.0.0.1" : $"{address}",
            ["db_port"] = listener.LocalEndPoint is IPEndPoint bound ? $"{bound.Port}" : "3306",
            ["db_name"] = "any",
            ["db_user"] = "someone",
            ["db_password"] = Password,
        };
        change(config);
        var server = ServeAsync(listener);
        await using var service = new MySqlItemService();
        var context = new ItemServiceContext { ServiceName = "items", Config = config, BaseDirectory = "/", Logger = new LogLines() };
        var fault = await Assert.ThrowsAsync<ItemServiceException>(async () => await service.OpenAsync(context, CancellationToken.None));
        return (fault, await server.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    /// <summary>Serves one connection. Returns the password; null if the client does not ask for the key.</summary>
    private async Task<string?> ServeAsync(Socket listener)
    {
        await using var stream = new NetworkStream(await listener.AcceptAsync(), ownsSocket: true);
        await SendAsync(stream, 0, Greeting());
        await ReceiveAsync(stream);

        // The server does not know this user yet, and wants the password itself.
        await SendAsync(stream, 2, [1, 4]);
        if (await ReceiveAsync(stream) is not [2]) return null;
        await SendAsync(stream, 4, [1, .. Encoding.ASCII.GetBytes(_key.ExportSubjectPublicKeyInfoPem())]);
        var hidden = _key.Decrypt(await ReceiveAsync(stream), RSAEncryptionPadding.OaepSHA1);
        await SendAsync(stream, 6, [0xFF, 0x15, 0x04, .. "#28000no access"u8]);
        return Encoding.UTF8.GetString([.. hidden.Select((value, index) => (byte)(value ^ _nonce[index % _nonce.Length]))]).TrimEnd('\0');
    }

    /// <summary>The first packet of MySQL 8: all abilities that a client may ask for, except encryption.</summary>
    private static byte[] Greeting() =>
    [
        10, .. "8.0.36\0"u8, 1, 0, 0, 0, .. _nonce[..8], 0,
        0xDF, 0xF7, 45, 2, 0, 0x1F, 0, 21, .. new byte[10], .. _nonce[8..], 0, .. "caching_sha2_password\0"u8,
    ];

    private static ValueTask SendAsync(NetworkStream stream, byte number, byte[] content) =>
        stream.WriteAsync(new byte[] { (byte)content.Length, (byte)(content.Length >> 8), 0, number }.Concat(content).ToArray());

    private static async Task<byte[]> ReceiveAsync(NetworkStream stream)
    {
        var head = new byte[4];
        if (await stream.ReadAtLeastAsync(head, 4, throwOnEndOfStream: false) < 4) return [];
        var content = new byte[head[0] | (head[1] << 8)];
        await stream.ReadExactlyAsync(content);
        return content;
    }
}
