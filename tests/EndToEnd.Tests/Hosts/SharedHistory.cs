using System.Collections.Concurrent;

namespace SharedState.EndToEnd.Tests.Hosts;

/// <summary>
/// What all members saw, at whichever host: at each position a collection has one state. Differences are applied to copies, so a revision
/// that somebody missed, or got with other contents, makes another state.
/// </summary>
internal sealed class SharedHistory
{
    private readonly ConcurrentDictionary<(string Path, Position At), ulong> _states = new();
    private readonly ConcurrentDictionary<(string Path, Position At), string> _inserted = new();
    private readonly ConcurrentDictionary<(string Path, Position At), string> _acknowledged = new();

    public int Positions => _states.Count;

    /// <summary>Somebody's copy has come to a position.</summary>
    public void Reached(string path, Position at, ulong state) =>
        Assert.True(_states.GetOrAdd((path, at), state) == state, $"{path} has two states at {at}");

    /// <summary>Somebody was told by itself what one update inserted.</summary>
    public void Inserted(string path, Position at, string items) => _inserted.TryAdd((path, at), items);

    /// <summary>An update was answered: its revision is its own.</summary>
    public void Acknowledged(string path, Position at, string mark) =>
        Assert.True(
            _acknowledged.TryAdd((path, at), mark), $"{path} {at} was answered to two updates: {mark} and {_acknowledged[(path, at)]}");

    /// <summary>Each update that was answered is what everybody saw at its revision. What all followers got merged can't be told
    /// apart.</summary>
    /// <returns>How many can't be told apart.</returns>
    public int CheckAcknowledged()
    {
        var merged = 0;
        foreach (var (place, mark) in _acknowledged)
        {
            if (_inserted.TryGetValue(place, out var items)) Assert.Contains(mark, items, StringComparison.Ordinal);
            else merged++;
        }
        return merged;
    }
}
