using SharedState.Host.Collections;
using SharedState.Host.Diagnostics;
using SharedState.Host.Services;
using SharedState.Host.Storages;

namespace SharedState.Host.Changes;

/// <summary>A service of the running host.</summary>
/// <param name="Plan">The plan with which it was last opened.</param>
/// <param name="Writer">Its writer; null if the service does not run.</param>
internal sealed record RunningService(ServicePlan Plan, ServiceWriter? Writer)
{
    /// <summary>
    /// The reason why the service did not run when it was opened; null if it runs. <see cref="ServiceWriter.Refusal"/> may come later.
    /// </summary>
    public string? Refusal { get; private init; }

    /// <summary>The exception behind <see cref="Refusal"/> whose trace tells the plugin's author more; null if there is none.</summary>
    public Exception? Cause { get; private init; }

    /// <summary>The reason why the storage was not open yet when the service was opened; null if it was.</summary>
    public string? Obstacle { get; private init; }

    /// <summary>The later plan that could not be applied; it is not tried again before something changes. Null if there is none.</summary>
    public ServicePlan? Failed { get; private init; }

    /// <summary>The reason why <see cref="Failed"/> could not be applied, as one sentence.</summary>
    public string? Failure { get; private init; }

    public string Name => Plan.Name;

    /// <summary>Whether the service runs and its storage works.</summary>
    public bool Works => Writer is { Refusal: null, Obstacle: null, Trouble: null };

    /// <summary>Whether the service has to be changed or tried again for a plan.</summary>
    /// <param name="wanted">The plan.</param>
    /// <param name="again">Whether to try again what failed.</param>
    public bool Differs(ServicePlan wanted, bool again)
    {
        if (Failed is not null) return !Plan.IsLike(wanted) && (again || !Failed.IsLike(wanted));
        return !Plan.IsLike(wanted) || (again && Refusal is not null);
    }

    /// <summary>The service after a change that failed.</summary>
    public RunningService Keep(ServicePlan failed, string why) => this with { Failed = failed, Failure = why };

    /// <summary>The service without the change that failed, because that change is not wanted any more.</summary>
    public RunningService Settle() => this with { Failed = null, Failure = null };

    /// <summary>Logs the state of the service.</summary>
    public void Report(ILogger logger)
    {
        var storage = Plan.Config.Storage;
        if (Refusal is not null) Log.ServiceRefused(logger, Name, Refusal, Cause);
        else if (Obstacle is not null) Log.ServiceNotOpen(logger, Name, Plan.PluginTitle!, storage, Obstacle);
        else Log.ServiceConfigured(logger, Name, Plan.PluginTitle!, storage);
    }

    /// <summary>A service whose writer runs with the plan, or tries to.</summary>
    public static RunningService Of(ServicePlan plan, ServiceWriter writer) => new(plan, writer)
    {
        Refusal = writer.Refusal is { } refusal ? plan.Explain(refusal) : null,
        Obstacle = writer.Obstacle is { } obstacle ? plan.Explain(obstacle) : null,
    };

    /// <summary>
    /// Opens a service. If it cannot run, it has no writer and a <see cref="Refusal"/>. If its storage is only unavailable, it has an
    /// <see cref="Obstacle"/>, and its writer tries again until the storage opens.
    /// </summary>
    public static async Task<RunningService> OpenAsync(ServicePlan plan, Limits limits, TimeProvider time)
    {
        if (plan.Refusal is not null) return new(plan, null) { Refusal = plan.Refusal };
        var writer = new ServiceWriter(new(plan.Source!, limits, time), limits, time);
        try
        {
            await writer.StartAsync();
            return Of(plan, writer);
        }
        catch (ItemServiceException exception)
        {
            await writer.DisposeAsync();
            return new(plan, null) { Refusal = plan.Explain(exception), Cause = WriterLog.Trace(exception) };
        }
    }
}
