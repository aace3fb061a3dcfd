using SharedState.Host.Collections;
using SharedState.Host.Configuration;

namespace SharedState.Host.Changes;

/// <summary>A configured service as the host has it.</summary>
/// <param name="Wanted">What the configuration asked for when it was last opened.</param>
/// <param name="Setup">The same, with what came of it.</param>
/// <param name="Writer">Null if it does not run.</param>
internal sealed record RunningService(ServiceSetup Wanted, ServiceSetup Setup, ServiceWriter? Writer)
{
    /// <summary>What was asked for since then and could not be had; it is not tried again until something changes. Null if nothing.</summary>
    public ServiceSetup? Failed { get; init; }

    /// <summary>Why <see cref="Failed"/> could not be had, as one sentence.</summary>
    public string? Failure { get; init; }

    public string Name => Wanted.Name;

    /// <summary>Whether there is anything to do for what is asked for now.</summary>
    /// <param name="wanted">That.</param>
    /// <param name="again">Whether what failed is tried again.</param>
    public bool Differs(ServiceSetup wanted, bool again)
    {
        if (Failed is not null) return !Wanted.IsLike(wanted) && (again || !Failed.IsLike(wanted));
        return !Wanted.IsLike(wanted) || (again && Setup.Refusal is not null);
    }

    /// <summary>A service that was opened, or whose writer goes on trying.</summary>
    public static RunningService Of(ServiceSetup wanted, ServiceWriter writer) => new(
        wanted,
        wanted with
        {
            Refusal = writer.Refusal is { } refusal ? wanted.Explain(refusal) : null,
            Obstacle = writer.Obstacle is { } obstacle ? wanted.Explain(obstacle) : null,
        },
        writer);

    /// <summary>Opens a service. One that will not run comes back without a writer, and its setup with the reason; one whose storage is only
    /// unavailable now says so, and is tried again until it opens.</summary>
    public static async Task<RunningService> OpenAsync(ServiceSetup wanted, Limits limits, TimeProvider time)
    {
        if (wanted.Refusal is not null) return new(wanted, wanted, null);
        var writer = new ServiceWriter(new(wanted.Source, limits, time), limits, time);
        try
        {
            await writer.StartAsync();
            return Of(wanted, writer);
        }
        catch (ItemServiceException exception)
        {
            await writer.DisposeAsync();
            return new(wanted, wanted with { Refusal = wanted.Explain(exception) }, null);
        }
    }
}
