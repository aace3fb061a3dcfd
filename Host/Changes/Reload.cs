using SharedState.Host.Configuration;
using SharedState.Host.Plugins;

namespace SharedState.Host.Changes;

/// <summary>
/// Brings the services to what the configuration file and the plugins' folders say now: when either was changed and nobody writes there any more, or on
/// SIGHUP.
/// There is one way for all of it, taken by one change at a time.
/// </summary>
/// <param name="started">What the host was started with.</param>
/// <param name="read">Reads the configuration as it is now, without listening.</param>
/// <param name="watch">Looks for changes.</param>
/// <param name="hangup">Has everything read again.</param>
/// <param name="plugins">Loads what is new.</param>
/// <param name="services">What runs.</param>
/// <param name="report">Says what came of it.</param>
/// <param name="time">The time.</param>
internal sealed class Reload(
    Installation started, Func<Installation> read, Watch watch, Hangup hangup, PluginHost plugins, ServiceSet services, ChangeReport report, TimeProvider time)
    : BackgroundService
{
    private readonly HostConfig _started = started.Config;

    // For how long nothing may change before it counts as whole: a file is written in one go, a folder of plugins file by file. What is still incomplete
    // after that usually cannot be used, of which nothing is said before it was left alone for longer.
    private readonly TimeSpan _quietFile = started.Config.Limits.WatchInterval * 0.8;
    private readonly TimeSpan _quietPlugins = started.Config.Limits.WatchInterval * 2;
    private readonly TimeSpan _settledPlugins = started.Config.Limits.WatchInterval * 6;

    // A folder that is written to all the time does not keep other changes away.
    private readonly TimeSpan _longestNoise = started.Config.Limits.WatchInterval * 30;

    private Sight? _seen, _taken;                    // at the last look; when the last pass began
    private long _fileAt, _pluginsAt, _noiseAt;      // when what is seen changed, and when it first differed from what was taken, by the monotonic clock
    private volatile Installation _current = started;
    private bool _unsettled;                         // the last pass met what may be half of a plugin

    /// <summary>What was taken over last. Any thread.</summary>
    public Installation Current => _current;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(_started.Limits.WatchInterval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
        {
            try
            {
                if (IsDue()) await TakeOverAsync();
            }
            catch (Exception exception)
            {
                report.Failed(exception);
            }
        }
    }

    /// <summary>Whether there is something to take over, and it is whole.</summary>
    private bool IsDue()
    {
        var (seen, now) = (watch.Look(), time.GetTimestamp());
        if (seen.File != _seen?.File) _fileAt = now;
        if (seen.Plugins != _seen?.Plugins) _pluginsAt = now;
        _seen = seen;
        var settled = time.GetElapsedTime(_pluginsAt, now) >= _settledPlugins;
        if (seen == _taken && !hangup.Came && !(_unsettled && settled))
        {
            _noiseAt = 0;
            return false;
        }
        if (_noiseAt == 0) _noiseAt = now;
        var quiet = time.GetElapsedTime(_fileAt, now) >= _quietFile && time.GetElapsedTime(_pluginsAt, now) >= _quietPlugins;
        return quiet || time.GetElapsedTime(_noiseAt, now) > _longestNoise;
    }

    private async Task TakeOverAsync()
    {
        // :: 1. What is read from now on is at least as new as what was seen.
        var again = hangup.Take();
        var changed = again || (_taken is not null && _taken.File != _seen!.File);
        var settled = time.GetElapsedTime(_pluginsAt) >= _settledPlugins || (_noiseAt != 0 && time.GetElapsedTime(_noiseAt) > _longestNoise);
        (_taken, _noiseAt, _unsettled) = (_seen, 0, false);
        if (again) plugins.Forget();

        // :: 2. All of it is good, or none of it is used. What is new of the plugins is loaded beside what runs.
        var installation = read();
        while (watch.Follow(installation.Config.File))
        {
            _taken = _seen = watch.Look(); // at what else is to be looked at
            installation = read();
        }
        var good = installation.Mistakes.Count == 0;
        ServiceSetup[] wanted = good ? [.. installation.Plans.Select(plugins.Set)] : [];
        if (!settled && report.IsNew(ChangeReport.Troubles(installation, wanted)))
        {
            _unsettled = true;
            return;
        }
        if (changed) report.Forget();
        if (!good)
        {
            report.WriteMistakes(installation);
            return;
        }

        // :: 3. From the one to the other.
        var changes = await services.ChangeAsync(wanted, again);
        _current = installation;
        report.Write(installation, changes, RestartFields.Changed(_started, installation.Config), changed);
    }
}
