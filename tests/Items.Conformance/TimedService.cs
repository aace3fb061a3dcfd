using System.Diagnostics;
using System.Runtime.CompilerServices;
using Xunit.Sdk;

namespace SharedState.Items.Conformance;

/// <summary>Hands calls on to a service, and fails the test when one takes longer than a host waits.</summary>
internal class TimedService(IItemService inner, TimeSpan limit) : IItemService
{
    private const string Advice = "A host gives up on a call after 8 seconds: do less in one call, or do it in parts.";

    /// <summary>The tested service.</summary>
    public IItemService Inner => inner;

    public bool CommitsAtOnce => inner.CommitsAtOnce;

    /// <summary>A service that is a feed exactly if the tested one is.</summary>
    public static TimedService Of(IItemService service, TimeSpan limit) =>
        service is IItemFeed ? new TimedFeed(service, limit) : new TimedService(service, limit);

    public async ValueTask OpenAsync(ItemServiceContext context, CancellationToken stop) =>
        await EndsAsync("OpenAsync", async () => await inner.OpenAsync(context, stop));

    public async ValueTask<StoredCollection> LoadAsync(CollectionKey key, CancellationToken stop) =>
        await InTimeAsync("LoadAsync", () => inner.LoadAsync(key, stop));

    public async ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ItemUpdate> batch, CancellationToken stop) =>
        await InTimeAsync("CommitAsync", () => inner.CommitAsync(batch, stop));

    public IAsyncEnumerable<CollectionKey> ListAsync(string? app, CancellationToken stop) =>
        InTimeAsync("ListAsync", inner.ListAsync(app, stop), stop);

    public IAsyncEnumerable<CollectionPosition> ListEmptiedAsync(CancellationToken stop) =>
        InTimeAsync("ListEmptiedAsync", inner.ListEmptiedAsync(stop), stop);

    public async ValueTask<IReadOnlyList<StorageChange>?> PlanAsync(ItemServiceContext context, CancellationToken stop) =>
        await InTimeAsync("PlanAsync", () => inner.PlanAsync(context, stop));

    public async ValueTask<bool> ForgetAsync(CollectionKey key, Position at, CancellationToken stop) =>
        await InTimeAsync("ForgetAsync", () => inner.ForgetAsync(key, at, stop));

    public async ValueTask DisposeAsync() => await EndsAsync("DisposeAsync", async () => await inner.DisposeAsync());

    protected async Task<T> InTimeAsync<T>(string call, Func<ValueTask<T>> action)
    {
        T result = default!;
        await EndsAsync(call, async () => result = await action());
        return result;
    }

    private async Task EndsAsync(string call, Func<Task> action)
    {
        var begun = Stopwatch.GetTimestamp();
        var running = action();
        await running.WaitAsync(limit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!running.IsCompleted) throw new XunitException($"{call} has not returned after {limit.TotalSeconds:0.0} s. {Advice}");
        Check(call, begun);
        await running;
    }

    private async IAsyncEnumerable<T> InTimeAsync<T>(
        string call, IAsyncEnumerable<T> entries, [EnumeratorCancellation] CancellationToken stop)
    {
        var begun = Stopwatch.GetTimestamp();
        var enumerator = entries.GetAsyncEnumerator(stop);
        Task<bool>? moving = null;
        try
        {
            while (await InTimeAsync(call, () => new ValueTask<bool>(moving = enumerator.MoveNextAsync().AsTask())))
                yield return enumerator.Current;
            Check(call, begun);
        }
        finally
        {
            // An enumerator that hangs must not be disposed of.
            if (moving is not { IsCompleted: false }) await enumerator.DisposeAsync();
        }
    }

    private void Check(string call, long begun)
    {
        var took = Stopwatch.GetElapsedTime(begun);
        if (took > limit) throw new XunitException($"{call} took {took.TotalSeconds:0.0} s. {Advice}");
    }
}
