using SharedState.Host.Configuration;
using SharedState.Host.Diagnostics;
using SharedState.Host.Plugins;
using SharedState.Host.Services;

namespace SharedState.Host.Changes;

/// <summary>
/// Applies changes of the configuration file and of the plugin folders: after the last write, or on SIGHUP. All kinds of changes take the
/// same path, one change at a time.
/// </summary>
/// <param name="started">The installation at the start.</param>
/// <param name="read">Reads the present installation, without sockets.</param>
/// <param name="watch">Looks for changes.</param>
/// <param name="hangup">The signal to read everything again.</param>
/// <param name="supervisor">Is told when the host reads again.</param>
/// <param name="plugins">Loads new plugins.</param>
/// <param name="services">The running services.</param>
/// <param name="changeAccess">Takes over the access policy and the doors.</param>
/// <param name="report">Logs the results.</param>
/// <param name="loggers">Creates the loggers of services.</param>
/// <param name="time">The clock.</param>
internal sealed class Reload(
    Installation started, Func<Installation> read, Watch watch, Hangup hangup, ServiceSupervisor supervisor, PluginHost plugins,
    ServiceSet services, Action<HostConfig> changeAccess, ChangeReport report, ILoggerFactory loggers, TimeProvider time)
    : BackgroundService
{
    private readonly HostConfig _started = started.Config;

    // The time without a change after which a file or a folder counts as complete: a file is written in one go, a plugin folder file by
    // file. If it is still incomplete, it usually cannot be used; this is reported only after the longer time.
    private readonly TimeSpan _quietFile = started.Config.Limits.WatchInterval * 0.8;
    private readonly TimeSpan _quietPlugins = started.Config.Limits.WatchInterval * 2;
    private readonly TimeSpan _settledPlugins = started.Config.Limits.WatchInterval * 6;

    // A program that writes all the time must not prevent other changes.
    private readonly TimeSpan _longestNoise = started.Config.Limits.WatchInterval * 30;

    private volatile Installation _current = started;
    private Sight? _seen, _taken;     // the sight of the last look, and the one that was applied last
    private long _fileAt, _pluginsAt; // the timestamps of the last change of the file, and of the folders
    private long _noiseAt;            // the timestamp of the first difference between seen and taken; 0: none
    private bool _again;              // the operator asked, and no pass has reached the services since
    private bool _unsettled;          // the last pass found a plugin that may be incomplete

    /// <summary>The installation that was applied last. Any thread.</summary>
    public Installation Current => _current;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(_started.Limits.WatchInterval, time);
        while (await IsTimeAsync(timer, stoppingToken))
        {
            // The first pass only looks whether anything has changed since the start.
            var told = false;
            try
            {
                if (!await ReadAsync(IsDue, stoppingToken)) continue;
                told = _taken is not null || hangup.Came;
                if (told) supervisor.Reloading();
                await ApplyAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                report.Failed(exception);
            }
            if (told) supervisor.Ready();
        }
    }

    /// <summary>Waits for the next look; false at the end, also if the host ends before it serves.</summary>
    private static async Task<bool> IsTimeAsync(PeriodicTimer timer, CancellationToken stop)
    {
        try
        {
            return await timer.WaitForNextTickAsync(stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Whether there is a complete change to apply.</summary>
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

    /// <summary>
    /// Reads files beside this loop. Where they do not answer, the host goes on without changes, and ends when it is told to.
    /// </summary>
    private async Task<T> ReadAsync<T>(Func<T> read, CancellationToken stop)
    {
        var reading = Task.Run(read, stop);
        try
        {
            return await reading.WaitAsync(Reading.CopyTime, time, stop);
        }
        catch (TimeoutException)
        {
            report.Late();
            return await reading.WaitAsync(stop);
        }
    }

    private async Task ApplyAsync(CancellationToken stop)
    {
        // :: 1. Remember the sight. Everything that is read from now on is at least as new.
        _again |= hangup.Take();
        var again = _again;
        var changed = again || (_taken is not null && _taken.File != _seen!.File);
        var settled = time.GetElapsedTime(_pluginsAt) >= _settledPlugins
            || (_noiseAt != 0 && time.GetElapsedTime(_noiseAt) > _longestNoise);
        (_taken, _noiseAt, _unsettled) = (_seen, 0, false);
        if (again) plugins.Forget();

        // :: 2. Read the file and load new plugins beside the running ones. With a mistake, nothing changes.
        var installation = await ReadAsync(ReadAll, stop);
        var good = installation.Mistakes.Count == 0;
        var plans = good ? installation.Plans : [];
        var wanted = await ReadAsync(() => plans.Select(plan => plan.Load(plugins, loggers)).ToArray(), stop);
        if (!settled && report.IsNew(ChangeReport.Troubles(installation, wanted.Select(plan => plan.Refusal))))
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

        // :: 3. Change the access policy and the doors, and then the services: a new service must not be open to users whose rights have
        // ended.
        _again = false;
        var (config, before) = (installation.Config, _current.Config);
        string[] fields =
        [
            .. config.Access?.Fingerprint != before.Access?.Fingerprint ? ["access"] : Array.Empty<string>(),
            .. config.Doors != before.Doors ? ["service.origins and service.hosts"] : Array.Empty<string>(),
        ];
        if (fields.Length > 0) changeAccess(config);
        var changes = await services.ChangeAsync(wanted, again);
        _current = installation;
        // After SIGHUP, the operator learns all that waits for the next start; after a change of the file, what the change adds to it.
        var waiting = RestartFields.Changed(_started, config);
        string[] fresh = [.. again ? waiting : waiting.Intersect(RestartFields.Changed(before, config))];
        report.Write(installation, changes, fields, waiting, fresh, changed);
    }

    private Installation ReadAll()
    {
        var installation = read();
        while (watch.Follow(installation.Config.File))
        {
            _taken = _seen = watch.Look(); // includes the files that the configuration refers to now
            installation = read();
        }
        return installation;
    }
}
