using System.Globalization;
using SharedState.Host.Configuration;
using SharedState.Host.Diagnostics;
using SharedState.Host.Plugins;

namespace SharedState.Host.Changes;

/// <summary>Tells the operator what came of a change: each thing that happened once, and each thing that is wrong when it begins to be.</summary>
internal sealed class ChangeReport(PluginHost plugins, ServiceSet services, SwapCounts counts, ILogger logger)
{
    private HashSet<string> _said = [], _standing = []; // what was wrong at the last report, and is at this one

    /// <summary>What is wrong, and would be said.</summary>
    public static IReadOnlyList<string> Troubles(Installation installation, IEnumerable<ServiceSetup> services) =>
    [
        .. installation.Mistakes.Concat(installation.Plugins.Mistakes).Select(mistake => mistake.ToString()),
        .. installation.Plans.Where(plan => plan.Kept is not null).Select(plan => plan.Refusal),
        .. services.Select(service => service.Refusal).OfType<string>(),
    ];

    /// <summary>Whether any of it was not wrong before.</summary>
    public bool IsNew(IEnumerable<string> troubles) => troubles.Any(trouble => !_said.Contains(trouble));

    /// <summary>This was said already: when the host started.</summary>
    public void Remember(IEnumerable<string> troubles) => _said.UnionWith(troubles);

    /// <summary>The operator has done something, and wants to hear all of what is still wrong.</summary>
    public void Forget() => _said.Clear();

    public void Failed(Exception exception) => ChangeLog.Failed(logger, exception);

    /// <summary>The file can't be used: all that is wrong with it, as at a start.</summary>
    public void WriteMistakes(Installation installation)
    {
        var complaints = installation.Complaints;
        if (complaints.Where(IsFirst).ToArray() is [_, ..])
        {
            ChangeLog.Mistaken(logger, installation.Config.File.Name, installation.Mistakes.Count);
            // The log lets ten lines a second of a kind pass.
            foreach (var lines in complaints.Chunk(1 + ((complaints.Count - 1) / RateLimit.EventsPerSecond)))
                ChangeLog.Mistake(logger, string.Join("; ", lines));
        }
        End();
    }

    /// <summary>The file was taken over.</summary>
    /// <param name="installation">What it asks for.</param>
    /// <param name="changes">What was done.</param>
    /// <param name="needRestart">The fields that would need a restart.</param>
    /// <param name="asked">Whether the file was changed, or a signal came: then it is also said that there was nothing to do.</param>
    public void Write(Installation installation, ServiceChanges changes, IReadOnlyList<string> needRestart, bool asked)
    {
        var file = installation.Config.File.Name;
        foreach (var mistake in installation.Plugins.Mistakes.Where(mistake => IsFirst(mistake.ToString()))) Log.PluginLeftOut(logger, mistake.ToString());
        foreach (var gone in installation.Plans.Where(plan => plan.Kept is not null).GroupBy(plan => (plan.Kept!.Manifest.Title, plan.Refusal)))
        {
            var names = string.Join(", ", gone.Select(plan => plan.Service.Name));
            if (IsFirst(gone.Key.Refusal)) ChangeLog.PluginGone(logger, names, gone.Key.Title, gone.Key.Refusal);
        }
        foreach (var swap in changes.Swaps) Write(swap);

        string[] done =
        [
            .. Part("added", changes.Added.Select(service => service.Name)),
            .. Part("reopened", changes.Reopened.Select(service => service.Name)),
            .. Part("removed", changes.Removed),
        ];
        if (done.Length > 0) ChangeLog.Changed(logger, file, string.Join("; ", done));
        else if (asked && !changes.Any && needRestart.Count == 0) ChangeLog.Unchanged(logger, file);
        StartReport.WriteServices(logger, changes.Added.Concat(changes.Reopened));

        foreach (var kept in changes.Kept.GroupBy(kept => (kept.Service.PluginTitle, kept.Reason)))
            ChangeLog.Kept(logger, string.Join(", ", kept.Select(one => one.Service.Name)), kept.Key.PluginTitle!, kept.Key.Reason);
        var fields = string.Join(", ", needRestart);
        if (needRestart.Count > 0 && IsFirst(fields)) ChangeLog.NeedsRestart(logger, fields);
        _standing.UnionWith(Troubles(installation, services.Setups)); // those were said with what was done
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

    /// <summary>Whether this is wrong since now; it is to be said once.</summary>
    private bool IsFirst(string trouble)
    {
        _standing.Add(trouble);
        return !_said.Contains(trouble);
    }

    private void End() => (_said, _standing) = (_standing, []);

    private static IEnumerable<string> Part(string what, IEnumerable<string> names) =>
        string.Join(", ", names) is { Length: > 0 } list ? [$"{what} {list}"] : [];
}
