using SharedState.Host.Collections;
using SharedState.Host.Configuration;
using SharedState.Host.Plugins;

namespace SharedState.Host.Changes;

/// <summary>The services that the host keeps. Goes from those of one configuration to those of the next, and leaves alone what is the same in both.</summary>
internal sealed class ServiceSet : IAsyncDisposable
{
    private readonly Limits _limits;
    private readonly TimeProvider _time;
    private volatile IReadOnlyList<RunningService> _services; // in the configuration's order; changed as a whole, by one change at a time

    private ServiceSet(IReadOnlyList<RunningService> services, Limits limits, TimeProvider time)
    {
        (_services, _limits, _time) = (services, limits, time);
        Catalog = new(Names(services));
    }

    /// <summary>Where connections find the services.</summary>
    public ServiceCatalog Catalog { get; }

    /// <summary>In the configuration's order.</summary>
    public IReadOnlyList<RunningService> Services => _services;

    /// <summary>How each service is set up, and what came of it.</summary>
    public IEnumerable<ServiceSetup> Setups => _services.Select(service => service.Setup);

    /// <summary>Opens the services, all at once.</summary>
    public static async Task<ServiceSet> OpenAsync(IEnumerable<ServiceSetup> setups, Limits limits, TimeProvider time) =>
        new(await Task.WhenAll(setups.Select(setup => RunningService.OpenAsync(setup, limits, time))), limits, time);

    /// <summary>The plugin on which a service runs, if that would be for what the service is to be now.</summary>
    public Plugin? LoadedFor(ServiceConfig service) =>
        _services.FirstOrDefault(running => running.Name == service.Name && running.Writer is not null
            && running.Wanted.Config.Module == service.Module && running.Wanted.Config.DbType == service.DbType)?.Wanted.Plugin;

    /// <summary>Whether a plugin's version is in use.</summary>
    public bool Uses(Plugin plugin) => _services.Any(running => running.Writer is not null && running.Wanted.Plugin == plugin);

    /// <summary>Makes the services those that are wanted. A service that cannot be changed goes on as it is.</summary>
    /// <param name="wanted">All services of the configuration.</param>
    /// <param name="again">Whether to try again what failed and has not changed since.</param>
    public async Task<ServiceChanges> ChangeAsync(IReadOnlyList<ServiceSetup> wanted, bool again)
    {
        var changes = new ServiceChanges();
        var before = _services.ToDictionary(service => service.Name);
        var after = wanted.ToDictionary(setup => setup.Name, setup => before.GetValueOrDefault(setup.Name));

        // :: 1. What is no longer configured ends first: its files and tables may be another's now.
        var removed = _services.Where(service => !after.ContainsKey(service.Name)).ToArray();
        if (removed.Length > 0) Catalog.Set(Names(_services.Except(removed)));
        await Task.WhenAll(removed.Select(service => service.Writer?.RetireAsync() ?? Task.CompletedTask));
        changes.Removed.AddRange(removed.Select(service => service.Name));

        // :: 2. What runs and is as it is wanted: whatever could not be had is not wanted any more.
        foreach (var setup in wanted)
        {
            if (after[setup.Name] is { Failed: not null } running && running.Wanted.IsLike(setup)) after[setup.Name] = running with { Failed = null, Failure = null };
        }

        // :: 3. What runs and is to run otherwise.
        var changed = wanted.Where(setup => after[setup.Name] is { Writer: not null } running && running.Differs(setup, again)).ToArray();
        foreach (var service in await ReplaceAsync([.. changed.Select(setup => (after[setup.Name]!, setup))], changes)) after[service.Name] = service;

        // :: 4. What does not run yet.
        var closed = wanted.Where(setup => after[setup.Name] is not { } service || (service.Writer is null && service.Differs(setup, again)));
        foreach (var service in await Task.WhenAll(closed.Select(setup => RunningService.OpenAsync(Checked(setup, after.Values), _limits, _time))))
        {
            after[service.Name] = service;
            changes.Added.Add(service.Setup);
        }

        _services = [.. wanted.Select(setup => after[setup.Name]!)];
        Catalog.Set(Names(_services));
        return changes;
    }

    public async ValueTask DisposeAsync() => await Task.WhenAll(Catalog.Running.Select(writer => writer.DisposeAsync().AsTask()));

    /// <summary>Replaces services that run: those that go from one version of a plugin to another together, each other one by itself.</summary>
    private static async Task<IEnumerable<RunningService>> ReplaceAsync(
        IReadOnlyList<(RunningService Running, ServiceSetup Next)> services, ServiceChanges changes)
    {
        var swaps = services.Where(service => IsSwap(service.Running, service.Next)).GroupBy(service => (service.Running.Wanted.Plugin, service.Next.Plugin));
        var others = services.Where(service => !IsSwap(service.Running, service.Next));
        var replaced = await Task.WhenAll([
            .. swaps.Select(swap => SwapAsync(swap.Key.Item1!, swap.Key.Item2!, [.. swap], changes)),
            .. others.Select(other => ReopenAsync(other.Running, other.Next, changes))]);
        return replaced.SelectMany(service => service);
    }

    private static async Task<RunningService[]> SwapAsync(
        Plugin old, Plugin next, IReadOnlyList<(RunningService Running, ServiceSetup Next)> services, ServiceChanges changes)
    {
        await Task.Run(next.Compile);
        var together = new Together(services.Count);
        var outcomes = await Task.WhenAll(services.Select(service => ReplaceAsync(service.Running, service.Next, together)));
        lock (changes)
        {
            var swapped = outcomes.Where(outcome => outcome.Failure is null).ToArray();
            if (swapped.Length > 0)
            {
                var paused = swapped.Max(outcome => outcome.Paused);
                changes.Swaps.Add(new(old, next, [.. swapped.Select(outcome => outcome.Service.Name)], paused, swapped.Sum(outcome => outcome.Changed)));
            }
            foreach (var (service, outcome) in services.Zip(outcomes))
            {
                if (outcome.Failure is { } failure) changes.Kept.Add((service.Running.Setup, failure));
            }
        }
        return [.. outcomes.Select(outcome => outcome.Service)];
    }

    private static async Task<RunningService[]> ReopenAsync(RunningService running, ServiceSetup next, ServiceChanges changes)
    {
        var (service, _, _, failure) = await ReplaceAsync(running, next, null);
        lock (changes)
        {
            if (failure is null) changes.Reopened.Add(service.Setup);
            else changes.Kept.Add((running.Setup, failure));
        }
        return [service];
    }

    private static async Task<(RunningService Service, TimeSpan Paused, int Changed, string? Failure)> ReplaceAsync(
        RunningService running, ServiceSetup next, Together? together)
    {
        if (next.Refusal is { } refusal) return (running with { Failed = next, Failure = refusal }, default, 0, refusal);
        var (writer, failed) = (running.Writer!, true);
        SwapOutcome outcome;
        try
        {
            outcome = await writer.SwapAsync(next.Source with { Together = together });
            failed = outcome.Failure is not null;
        }
        finally
        {
            together?.Leave(failed);
        }
        if (outcome.Failure is { } failure && writer.Refusal is null)
        {
            var reason = next.Explain(failure);
            return (running with { Failed = next, Failure = reason }, default, 0, reason);
        }
        return (RunningService.Of(next, writer), outcome.Paused, outcome.Changed, null);
    }

    private static bool IsSwap(RunningService running, ServiceSetup next) =>
        running.Wanted.Plugin is { } old && next.Plugin is { } plugin && old != plugin && old.Manifest.Name == plugin.Manifest.Name;

    /// <summary>
    /// Two versions of a plugin are not in use at a time: where a new one could not be swapped in, it is not for new services either.
    /// </summary>
    private static ServiceSetup Checked(ServiceSetup wanted, IEnumerable<RunningService?> services)
    {
        var other = services.FirstOrDefault(running => running?.Writer is not null && IsSwap(running, wanted)
            && running.Wanted.Plugin!.Manifest.Folder == wanted.Plugin!.Manifest.Folder);
        if (other is null) return wanted;
        var (failed, used) = (wanted.Plugin!.Manifest, other.Wanted.Plugin!.Manifest);
        return wanted with { Refusal = $"{failed.Title} could not be swapped in, and {other.Name} runs on {used.Title}; put a version that works into {failed.Folder}" };
    }

    private static IEnumerable<(string, ServiceWriter?)> Names(IEnumerable<RunningService> services) => services.Select(service => (service.Name, service.Writer));
}
