using System.Globalization;
using SharedState.Host.Diagnostics;
using SharedState.Host.Plugins;
using SharedState.Host.Services;

namespace SharedState.Host.Changes;

/// <summary>Logs the results of a change: each effect once, and each trouble once, when it begins.</summary>
internal sealed class ChangeReport(PluginHost plugins, ServiceSet services, SwapCounts counts, ILogger logger)
{
    // The troubles of the last report, those of them that are not to be repeated, and those of this report.
    private HashSet<string> _last = [], _reported = [], _current = [];

    /// <summary>The troubles that a report would contain.</summary>
    public static IReadOnlyList<string> Troubles(Installation installation, IEnumerable<string?> refusals) =>
    [
        .. installation.Mistakes.Concat(installation.Plugins.Mistakes).Select(mistake => mistake.ToString()),
        .. installation.Plans.Select(plan => plan.Missing).Concat(refusals).OfType<string>(),
    ];

    /// <summary>Whether any trouble is new.</summary>
    public bool IsNew(IEnumerable<string> troubles) => troubles.Any(trouble => !_reported.Contains(trouble));

    /// <summary>Marks troubles as reported, because the start reported them.</summary>
    public void Remember(IEnumerable<string> troubles) => (_last, _reported) = ([.. troubles], [.. troubles]);

    /// <summary>Forgets the reported troubles: after an action of the operator, the report repeats all of them.</summary>
    public void Forget() => _reported.Clear();

    public void Late() => ChangeLog.Late(logger, Reading.CopyTime.TotalSeconds);

    public void Failed(Exception exception) => ChangeLog.Failed(logger, exception);

    /// <summary>Reports a file that cannot be used, with all its mistakes, as a start does.</summary>
    public void WriteMistakes(Installation installation)
    {
        var complaints = installation.Complaints;
        if (complaints.Where(IsFirst).ToArray() is [_, ..])
        {
            ChangeLog.Mistaken(logger, installation.Config.File.Name, installation.Mistakes.Count);
            // The log has a limit of lines per second for each kind.
            foreach (var lines in complaints.Chunk(1 + ((complaints.Count - 1) / RateLimit.EventsPerSecond)))
                ChangeLog.Mistake(logger, string.Join("; ", lines));
        }
        End();
    }

    /// <summary>Reports a file that was applied.</summary>
    /// <param name="installation">The content of the file.</param>
    /// <param name="changes">The changes to the services.</param>
    /// <param name="fields">The fields beside the services whose changes took effect.</param>
    /// <param name="waiting">The fields that differ from those at the start, and take effect only at the next start.</param>
    /// <param name="fresh">Those of them to report now.</param>
    /// <param name="asked">Whether the file was changed, or SIGHUP arrived: then the report also says if there was nothing to do.</param>
    public void Write(
        Installation installation, ServiceChanges changes, IReadOnlyList<string> fields, IReadOnlyList<string> waiting,
        IReadOnlyList<string> fresh, bool asked)
    {
        var file = installation.Config.File.Name;
        foreach (var mistake in installation.Plugins.Mistakes.Where(mistake => IsFirst(mistake.ToString())))
            Log.PluginLeftOut(logger, mistake.ToString());
        foreach (var gone in installation.Plans.Where(plan => plan.Missing is not null).GroupBy(plan => (plan.PluginTitle, plan.Missing)))
        {
            var names = string.Join(", ", gone.Select(plan => plan.Name));
            if (IsFirst(gone.Key.Missing!)) ChangeLog.PluginGone(logger, names, gone.Key.PluginTitle!, gone.Key.Missing!);
        }
        foreach (var swap in changes.Swaps) Write(swap);

        string[] done =
        [
            .. Part("added", changes.Added.Select(service => service.Name)),
            .. Part("reopened", changes.Reopened.Select(service => service.Name)),
            .. Part("removed", changes.Removed),
            .. Part("changed", fields),
        ];
        if (done.Length > 0) ChangeLog.Changed(logger, file, string.Join("; ", done));
        else if (asked && !changes.Any && fresh.Count == 0) ChangeLog.Unchanged(logger, file);
        foreach (var (service, items) in changes.Lost) ChangeLog.ItemsGone(logger, service, items);
        foreach (var service in changes.Added.Concat(changes.Reopened)) service.Report(logger);

        foreach (var kept in changes.Kept.GroupBy(kept => (kept.Plan.PluginTitle, kept.Failure)))
            ChangeLog.Kept(logger, string.Join(", ", kept.Select(service => service.Name)), kept.Key.PluginTitle!, kept.Key.Failure!);
        if (fresh.Count > 0) ChangeLog.NeedsRestart(logger, string.Join(", ", fresh));
        _current.UnionWith(waiting.Select(field => $"{field} waits for the next start"));
        _current.UnionWith(Troubles(installation, services.Refusals)); // the lines above reported the refusals
        var over = string.Join("; ", _last.Except(_current));
        if (over.Length > 0) ChangeLog.Over(logger, over);
        End();
    }

    private void Write(PluginSwap swap)
    {
        var (name, hash) = (swap.New.Manifest.Name, swap.New.ContentHash);
        Plugin[] versions = [.. plugins.Versions.Where(version => version.Manifest.Name == name)];
        var left = versions.Where(version => !services.Uses(version)).Sum(version => version.LoadedBytes());
        counts.Swapped(name, versions.Length, left);
        ChangeLog.Swapped(
            logger, name, swap.Old.Manifest.Version, swap.New.Manifest.Version, hash[..12], string.Join(", ", swap.Services),
            (long)Math.Ceiling(swap.Paused.TotalMilliseconds), swap.Changed, versions.Length,
            string.Create(CultureInfo.InvariantCulture, $"{left / 1024.0 / 1024.0:0.0} MiB"));
    }

    /// <summary>Whether a trouble is new. It is reported only once.</summary>
    private bool IsFirst(string trouble)
    {
        _current.Add(trouble);
        return !_reported.Contains(trouble);
    }

    private void End() => (_last, _reported, _current) = (_current, [.. _current], []);

    private static IEnumerable<string> Part(string what, IEnumerable<string> names) =>
        string.Join(", ", names) is { Length: > 0 } list ? [$"{what} {list}"] : [];
}
