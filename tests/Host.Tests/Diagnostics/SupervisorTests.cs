using System.Globalization;
using System.Net.Sockets;
using System.Text;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Diagnostics;

/// <summary>The real program tells its state to the socket of a supervisor, as systemd reads it.</summary>
public sealed class SupervisorTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly Socket _supervisor = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

    public SupervisorTests() => _supervisor.Bind(new UnixDomainSocketEndPoint(_folder["notify"]));

    public void Dispose()
    {
        _supervisor.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task AHostTellsItsSupervisorWhenItIsReadyReadsAgainAndStops()
    {
        using var host = Start(watchdog: null);
        Assert.Equal("READY=1", await HearAsync());
        using (var client = new HttpClient())
        {
            using var answer = await client.GetAsync(new Uri(await host.UriAsync(), "readyz"));
            Assert.True(answer.IsSuccessStatusCode);
        }

        // systemd (Type=notify-reload) compares this time with its own, of the clock that counts from the start of the system.
        var before = Uptime();
        host.Signal("HUP");
        var reloading = (await HearAsync()).Split('\n');
        Assert.Equal("RELOADING=1", reloading[0]);
        var told = double.Parse(reloading[1]["MONOTONIC_USEC=".Length..], CultureInfo.InvariantCulture) / 1e6;
        Assert.InRange(told, before - 0.1, Uptime() + 0.1);
        Assert.Equal("READY=1", await HearAsync());

        host.Signal("TERM");
        Assert.Equal("STOPPING=1", await HearAsync());
        Assert.Equal(0, await host.ExitAsync());
    }

    [Fact]
    public async Task AHostWithAWatchdogSpeaksUpInTime()
    {
        using var host = Start(watchdog: "200000");
        var heard = new List<string>();
        while (!heard.Contains("READY=1")) heard.Add(await HearAsync());
        for (var more = 0; more < 5; more++) Assert.Equal("WATCHDOG=1", await HearAsync());
        var ending = host.TerminateAsync();
        while (!ending.IsCompleted) await Task.WhenAny(ending, HearAsync()); // a socket that nobody reads would hold the host up
        Assert.Equal(0, await ending);
    }

    [Fact]
    public async Task AHostWhoseSupervisorIsGoneServes()
    {
        _supervisor.Dispose();
        File.Delete(_folder["notify"]);
        using var host = Start(watchdog: null);
        await host.LineAsync("The supervisor that NOTIFY_SOCKET names could not be told the state of the host");
        await host.WriteAndReadAsync("items");
    }

    private HostProcess Start(string? watchdog)
    {
        _folder.Write("my.json", """
            {"service": {"port": 0},
             "services": [{"name": "items", "module": "items_service", "config": {"db_type": "sqlite", "db_name": ":memory:"}}]}
            """);
        var environment = new Dictionary<string, string> { ["NOTIFY_SOCKET"] = _folder["notify"] };
        if (watchdog is not null) environment["WATCHDOG_USEC"] = watchdog;
        return HostProcess.Start(_folder.FullName, ["my.json"], environment: environment);
    }

    private async Task<string> HearAsync()
    {
        var buffer = new byte[1024];
        using var deadline = new CancellationTokenSource(HostProcess.Deadline);
        var length = await _supervisor.ReceiveAsync(buffer, deadline.Token);
        return Encoding.UTF8.GetString(buffer, 0, length);
    }

    private static double Uptime() => double.Parse(File.ReadAllText("/proc/uptime").Split(' ')[0], CultureInfo.InvariantCulture);
}
