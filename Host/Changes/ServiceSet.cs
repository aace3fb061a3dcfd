using SharedState.Host.Collections;
using SharedState.Host.Configuration;
using SharedState.Host.Plugins;
using SharedState.Host.Services;
using SharedState.Host.Storages;

namespace SharedState.Host.Changes;

/// <summary>
/// The services of the running host. <see cref="ChangeAsync"/> goes from one configuration to the next and leaves unchanged services alone.
/// </summary>
internal sealed class ServiceSet : IAsyncDisposable
{
    private readonly Limits _limits;
    private readonly TimeProvider _time;
    private volatile IReadOnlyList<RunningService> _services; // replaced as a whole, by one change at a time

    private ServiceSet(IReadOnlyList<RunningService> services, Limits limits, TimeProvider time)
    {
        (_services, _limits, _time) = (services, limits, time);
        Catalog = new(Names(services));
    }

    /// <summary>The services, for connections.</summary>
    public ServiceCatalog Catalog { get; }

    /// <summary>The services in the order of the configuration.</summary>
    public IReadOnlyList<RunningService> Services => _services;

    /// <summary>The refusal of each service; null for a service that runs.</summary>
    public IEnumerable<string?> Refusals => _services.Select(service => service.Refusal);

    /// <summary>Opens all services at once.</summary>
    public static async Task<ServiceSet> OpenAsync(IEnumerable<ServicePlan> plans, Limits limits, TimeProvider time) =>
        new(await Task.WhenAll(plans.Select(plan => RunningService.OpenAsync(plan, limits, time))), limits, time);

    /// <summary>The plugin on which a service runs, if it is also for the new entry of the service.</summary>
    public Plugin? LoadedFor(ServiceConfig service) =>
        _services.FirstOrDefault(running => running.Name == service.Name && running.Writer is not null
            && running.Plan.Config.Module == service.Module && running.Plan.Config.DbType == service.DbType)?.Plan.Plugin;

    /// <summary>Whether a service uses this version of a plugin.</summary>
    public bool Uses(Plugin plugin) => _services.Any(running => running.Writer is not null && running.Plan.Plugin == plugin);

    /// <summary>Changes the services to the wanted plans. A service whose change fails continues as before.</summary>
    /// <param name="wanted">The plans of all services of the configuration.</param>
    /// <param name="again">Whether to try again what failed and has not changed since.</param>
    public async Task<ServiceChanges> ChangeAsync(IReadOnlyList<ServicePlan> wanted, bool again)
    {
        var changes = new ServiceChanges();
        var before = _services.ToDictionary(service => service.Name);
        var after = wanted.ToDictionary(plan => plan.Name, plan => before.GetValueOrDefault(plan.Name));

        // :: 1. Removed services end first, because another service may use their files and tables now.
        var removed = _services.Where(service => !after.ContainsKey(service.Name)).ToArray();
        if (removed.Length > 0) Catalog.Set(Names(_services.Except(removed)));
        var lost = await Task.WhenAll(removed.Select(service => service.Writer?.RetireAsync() ?? Task.FromResult(0L)));
        changes.Removed.AddRange(removed.Select(service => service.Name));
        changes.Lost.AddRange(removed.Zip(lost).Where(gone => gone.Second > 0).Select(gone => (gone.First.Name, gone.Second)));

        // :: 2. If a service already runs with the wanted plan, a failed change to another plan is obsolete.
        foreach (var plan in wanted)
        {
            if (after[plan.Name] is { Failed: not null } running && running.Plan.IsLike(plan)) after[plan.Name] = running.Settle();
        }

        // :: 3. Running services with a different plan.
        var changed = wanted.Where(plan => after[plan.Name] is { Writer: not null } running && running.Differs(plan, again));
        foreach (var service in await ChangePlansAsync([.. changed.Select(plan => (after[plan.Name]!, plan))], changes))
            after[service.Name] = service;

        // :: 4. Services that do not run.
        var closed = wanted.Where(plan => after[plan.Name] is not { } service || (service.Writer is null && service.Differs(plan, again)));
        var opened = closed.Select(plan => RunningService.OpenAsync(Checked(plan, after.Values), _limits, _time));
        foreach (var service in await Task.WhenAll(opened))
        {
            after[service.Name] = service;
            changes.Added.Add(service);
        }

        _services = [.. wanted.Select(plan => after[plan.Name]!)];
        Catalog.Set(Names(_services));
        return changes;
    }

    public async ValueTask DisposeAsync() => await Task.WhenAll(Catalog.Running.Select(writer => writer.DisposeAsync().AsTask()));

    /// <summary>
    /// Changes running services: those that go from one version of a plugin to another one together, each other service on its own.
    /// </summary>
    private static async Task<IEnumerable<RunningService>> ChangePlansAsync(
        IReadOnlyList<(RunningService Running, ServicePlan Next)> services, ServiceChanges changes)
    {
        var swaps = services.Where(service => IsSwap(service.Running, service.Next))
            .GroupBy(service => (service.Running.Plan.Plugin, service.Next.Plugin));
        var others = services.Where(service => !IsSwap(service.Running, service.Next));
        var changed = await Task.WhenAll([
            .. swaps.Select(swap => SwapAsync(swap.Key.Item1!, swap.Key.Item2!, [.. swap], changes)),
            .. others.Select(other => ReopenAsync(other.Running, other.Next, changes))]);
        return changed.SelectMany(service => service);
    }

    private static async Task<RunningService[]> SwapAsync(
        Plugin old, Plugin next, IReadOnlyList<(RunningService Running, ServicePlan Next)> services, ServiceChanges changes)
    {
        await Task.Run(next.Compile);
        var together = new Together(services.Count);
        var outcomes = await Task.WhenAll(services.Select(service => ChangePlanAsync(service.Running, service.Next, together)));
        lock (changes)
        {
            var swapped = outcomes.Where(outcome => outcome.Done).ToArray();
            if (swapped.Length > 0)
            {
                var paused = swapped.Max(outcome => outcome.Paused);
                changes.Swaps.Add(
                    new(old, next, [.. swapped.Select(outcome => outcome.Service.Name)], paused, swapped.Sum(outcome => outcome.Changed)));
            }
            changes.Kept.AddRange(outcomes.Where(outcome => !outcome.Done).Select(outcome => outcome.Service));
        }
        return [.. outcomes.Select(outcome => outcome.Service)];
    }

    private static async Task<RunningService[]> ReopenAsync(RunningService running, ServicePlan next, ServiceChanges changes)
    {
        var (service, done, _, _) = await ChangePlanAsync(running, next, null);
        lock (changes) (done ? changes.Reopened : changes.Kept).Add(service);
        return [service];
    }

    /// <summary>Gives a running service another plan. If that fails, the service continues with the old plan.</summary>
    private static async Task<(RunningService Service, bool Done, TimeSpan Paused, int Changed)> ChangePlanAsync(
        RunningService running, ServicePlan next, Together? together)
    {
        if (next.Refusal is { } refusal) return (running.Keep(next, refusal), false, default, 0);
        var (writer, failed) = (running.Writer!, true);
        SwapOutcome outcome;
        try
        {
            outcome = await writer.SwapAsync(next.Source! with { Together = together });
            failed = outcome.Failure is not null;
        }
        finally
        {
            together?.Leave(failed);
        }
        return outcome.Failure is { } failure && writer.Refusal is null
            ? (running.Keep(next, next.Explain(failure)), false, default, 0)
            : (RunningService.Of(next, writer), true, outcome.Paused, outcome.Changed);
    }

    private static bool IsSwap(RunningService running, ServicePlan next) =>
        running.Plan.Plugin is { } old && next.Plugin is { } plugin && old != plugin && old.Manifest.Name == plugin.Manifest.Name;

    /// <summary>
    /// Refuses a plan whose plugin is another version than that of running services: if the new version could not be swapped in, new
    /// services must not use it either, because two versions of a plugin are not in use at the same time.
    /// </summary>
    private static ServicePlan Checked(ServicePlan wanted, IEnumerable<RunningService?> services)
    {
        var other = services.FirstOrDefault(running => running?.Writer is not null && IsSwap(running, wanted)
            && running.Plan.Plugin!.Manifest.Folder == wanted.Plugin!.Manifest.Folder);
        if (other is null) return wanted;
        var (failed, used) = (wanted.Plugin!.Manifest, other.Plan.Plugin!.Manifest);
        return wanted.Refuse(
            $"{failed.Title} could not be swapped in, and {other.Name} runs on {used.Title}; " +
            $"put a version that works into {failed.Folder}");
    }

    private static IEnumerable<(string, ServiceWriter?)> Names(IEnumerable<RunningService> services) =>
        services.Select(service => (service.Name, service.Writer));
}
