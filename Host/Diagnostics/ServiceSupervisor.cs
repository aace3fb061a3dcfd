using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Microsoft.Extensions.Hosting.Systemd;

namespace SharedState.Host.Diagnostics;

/// <summary>
/// The supervisor that started the process, if it wants to be told the state of the process: systemd with <c>Type=notify</c> or
/// <c>notify-reload</c>, and everything else that speaks its protocol (sd_notify).
/// </summary>
/// <remarks>
/// With <c>WatchdogSec=</c> the supervisor restarts a process that is silent for so long. The process speaks up twice in that time, from
/// the thread pool, on which everything else runs, too: a process whose pool is stuck falls silent.
/// </remarks>
internal sealed class ServiceSupervisor : IDisposable
{
    private readonly SystemdNotifier _notifier = new();
    private readonly ILogger _logger;
    private readonly ITimer? _watchdog;

    public ServiceSupervisor(ILogger logger, TimeProvider time)
    {
        _logger = logger;
        if (!_notifier.IsEnabled || WatchdogTime() is not { } most) return;
        _watchdog = time.CreateTimer(_ => Tell("WATCHDOG=1"), null, most / 2, most / 2);
    }

    /// <summary>The host serves, or serves with what it has read again.</summary>
    public void Ready() => Tell("READY=1");

    /// <summary>The host begins to read its configuration again; <see cref="Ready"/> follows.</summary>
    public void Reloading() => Tell(string.Create(
        CultureInfo.InvariantCulture, $"RELOADING=1\nMONOTONIC_USEC={(long)(Stopwatch.GetTimestamp() * (1e6 / Stopwatch.Frequency))}"));

    /// <summary>The graceful stop has begun.</summary>
    public void Stopping() => Tell("STOPPING=1");

    public void Dispose() => _watchdog?.Dispose();

    /// <summary>How long the process may be silent; null: for ever, or another process is meant.</summary>
    private static TimeSpan? WatchdogTime()
    {
        var process = Environment.GetEnvironmentVariable("WATCHDOG_PID");
        if (!string.IsNullOrEmpty(process) && process != Environment.ProcessId.ToString(CultureInfo.InvariantCulture)) return null;
        var limit = Environment.GetEnvironmentVariable("WATCHDOG_USEC");
        return long.TryParse(limit, CultureInfo.InvariantCulture, out var microseconds) && microseconds > 0
            ? TimeSpan.FromMicroseconds(microseconds)
            : null;
    }

    private void Tell(string state)
    {
        try
        {
            _notifier.Notify(new ServiceState(state)); // does nothing without a supervisor
        }
        catch (SocketException exception)
        {
            Log.SupervisorGone(_logger, exception.Message);
        }
    }
}
