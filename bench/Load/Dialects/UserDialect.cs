using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using SharedState.Bench.Load.Wire;

namespace SharedState.Bench.Load.Dialects;

/// <summary>Shared State's protocol, for a server with access: each client is a user with a token of its own.</summary>
internal sealed class UserDialect : SharedDialect
{
    private static readonly byte[] Secret = RandomNumberGenerator.GetBytes(32);

    private int _users;

    /// <summary>A configuration by which every user may read and write everything.</summary>
    public static string Access => $$"""
        {"tokens": [{"issuer": "bench", "secret": "{{Convert.ToHexString(Secret)}}"}],
         "rules": [{"path": "/**", "who": "user", "read": true, "write": true}]}
        """;

    public override void Greet(Link link) =>
        link.Ask($$$"""{"type":"REQUEST","cmd":"PUT","path":"/auth","tunnel":0,"arg":{"token":"{{{Token($"u{_users++}")}}}"} }""");

    private static string Token(string user)
    {
        var expires = DateTimeOffset.UtcNow.AddDays(1).ToUnixTimeSeconds();
        var signed = $"{Encoded("""{"alg":"HS256"}""")}.{Encoded($$"""{"iss":"bench","sub":"{{user}}","exp":{{expires}}}""")}";
        var key = Encoding.UTF8.GetBytes(Convert.ToHexString(Secret));
        return $"{signed}.{Base64Url.EncodeToString(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(signed)))}";
    }

    private static string Encoded(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));
}
