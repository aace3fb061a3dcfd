using Xunit;

namespace SharedState.Items.Conformance;

/// <summary>A host's watch of a feed: the lists that it asks for, one after the other, and where they said that collections are.</summary>
internal sealed class Watch : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly IAsyncEnumerator<IReadOnlyList<CollectionPosition>> _lists;
    private readonly TimeSpan _patience;

    /// <summary>The list that was asked for and did not come yet.</summary>
    private Task<bool>? _asked;

    public Watch(IItemService service, TimeSpan patience)
    {
        _lists = Assert.IsAssignableFrom<IItemFeed>(service).WatchAsync(_stop.Token).GetAsyncEnumerator();
        _patience = patience;
    }

    /// <summary>All that was told, in that order.</summary>
    public List<CollectionPosition> Told { get; } = [];

    /// <summary>Asks for a list, and does not wait for it.</summary>
    public void Ask() => _asked ??= _lists.MoveNextAsync().AsTask();

    /// <summary>Waits for the list that was asked for, or asks for one.</summary>
    public async Task NextAsync()
    {
        Ask();
        Assert.True(await _asked!.WaitAsync(_patience), "The lists ended by themselves.");
        _asked = null;
        Told.AddRange(_lists.Current);
    }

    /// <summary>Asserts that a list said that the collection is there, or further.</summary>
    public void AssertTold(CollectionKey key, Position position) => Assert.True(
        Told.Any(told => told.Key == key && told.Position.Epoch == position.Epoch && told.Position.Revision >= position.Revision),
        $"No list names {key} at {position}, which was committed before the last one was asked for.");

    public void Stop() => _stop.Cancel();

    /// <summary>Takes lists until there are no more: whether their end comes in time.</summary>
    public async Task<bool> EndsAsync()
    {
        using var late = new CancellationTokenSource(_patience);
        try
        {
            while (!late.IsCancellationRequested)
            {
                Ask();
                if (!await _asked!.WaitAsync(late.Token)) return true;
                _asked = null;
            }
            return false;
        }
        catch (Exception e) when (e is OperationCanceledException or ItemServiceException or ObjectDisposedException)
        {
            return _asked is not { IsCompleted: false };
        }
    }

    public async ValueTask DisposeAsync()
    {
        Stop();

        // A list that never comes has failed its test already; its enumerator must not be disposed of.
        if (await EndsAsync()) await _lists.DisposeAsync();
        _stop.Dispose();
    }
}
