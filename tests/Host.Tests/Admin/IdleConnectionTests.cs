using System.Net.Sockets;

namespace SharedState.Host.Tests.Admin;

/// <summary>The admin side has few places, and none is lost to a connection that does nothing.</summary>
public sealed class IdleConnectionTests
{
    [Fact]
    public async Task IdleConnectionsDoNotLockOutTheAdminSide()
    {
        using var folder = new TempFolder();
        folder.Write("my.json", """
            {"service": {"host": "127.0.0.1", "port": 0, "admin": {"port": 0}},
             "services": [{"name": "items", "module": "items_service", "config": {"db_type": "sqlite", "db_name": ":memory:"}}]}
            """);
        using var host = HostProcess.Start(folder.FullName, ["my.json"]);
        var uri = await host.AdminUriAsync();
        var idle = new List<TcpClient>();
        try
        {
            for (var count = 0; count < 20; count++)
            {
                idle.Add(new());
                await idle[^1].ConnectAsync("127.0.0.1", uri.Port);
            }
            using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };
            Assert.Contains("\"host\"", await client.GetStringAsync(new Uri(uri, "plugins")), StringComparison.Ordinal);
        }
        finally
        {
            idle.ForEach(socket => socket.Dispose());
        }
    }
}
