using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SharedState.EndToEnd.Tests.Hosts;

/// <summary>
/// What all clients of a test saw, at whichever host and in whichever way: at each position a collection has one state. Differences are
/// applied to copies, so a revision that somebody missed, or got with other contents, makes another state.
/// </summary>
internal sealed class SharedHistory
{
    private readonly ConcurrentDictionary<(string Path, Position At), ulong> _states = new();
    private readonly ConcurrentDictionary<(string Path, Position At), string> _inserted = new();
    private readonly ConcurrentDictionary<(string Path, Position At), string> _acknowledged = new();

    public int Positions => _states.Count;

    /// <summary>A copy has come to a position.</summary>
    /// <param name="path">The collection.</param>
    /// <param name="at">The position.</param>
    /// <param name="state">The sum of the items' hashes, so that a difference costs what it holds.</param>
    public void Reached(string path, Position at, ulong state) =>
        Assert.True(_states.GetOrAdd((path, at), state) == state, $"{path} has two states at {at}");

    /// <summary>All of a collection at a position: the answer to a GET, or the first notification of a subscription.</summary>
    public void Shown(string path, JsonElement message)
    {
        var data = message.GetProperty("data");
        var state = 0UL;
        foreach (var item in (data.ValueKind == JsonValueKind.Array ? data : data.GetProperty("insert")).EnumerateArray())
        {
            state += Hash(item.GetProperty("id").GetString()!, item.GetRawText());
        }
        Reached(path, new(message.GetProperty("epoch").GetString()!, message.GetProperty("rev").GetInt64()), state);
    }

    /// <inheritdoc cref="Shown(string, JsonElement)"/>
    public void Shown(string path, JsonNode message) => Shown(path, JsonSerializer.SerializeToElement(message));

    public static ulong Hash(string id, string json) =>
        BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"{id}\n{json}")));

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
