using System.Text.Json;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>A condition of an update of the model, and a check of it against all that was stored.</summary>
/// <param name="Since">A position, after which nothing that the update names changed; or null.</param>
/// <param name="Absent">The ids of items that must not exist.</param>
/// <param name="Present">The ids of items that must exist.</param>
/// <param name="Matches">The ids of items that must exist, each with the greatest mark that it may have.</param>
internal sealed record ModelCondition(
    Position? Since, IReadOnlyList<string> Absent, IReadOnlyList<string> Present, IReadOnlyDictionary<string, int> Matches)
{
    public override string ToString()
    {
        var since = Since is { } at ? $"\"since\":{at.Revision},\"epoch\":\"{at.Epoch}\"," : "";
        var matches = Matches.ToDictionary(match => match.Key, match => new { v = new Dictionary<string, int> { ["$lte"] = match.Value } });
        var fields = JsonSerializer.Serialize(new { absent = Absent, present = Present, match = matches });
        return $"{{{since}{fields[1..]}";
    }

    /// <summary>An update that inserts something and names these ids succeeded: the condition held in the state before it.</summary>
    public void AssertHeld(ModelHistory history, string service, CollectionKey key, Position stored, IEnumerable<string> named, bool reset)
    {
        var before = history.At(service, key, stored with { Revision = stored.Revision - 1 });
        Assert.All(Absent, id => Assert.False(before.ContainsKey(id), $"{id} was there before {stored}"));
        Assert.All(Present, id => Assert.True(before.ContainsKey(id), $"{id} was not there before {stored}"));
        foreach (var (id, mark) in Matches)
            Assert.True(before.TryGetValue(id, out var item) && ModelHistory.Mark(item) <= mark, $"{id} did not match before {stored}");
        if (Since is not { } since) return;
        Assert.Equal(stored.Epoch, since.Epoch);
        var then = history.At(service, key, since);
        for (var revision = since.Revision; revision < stored.Revision; revision++)
        {
            var state = history.At(service, key, since with { Revision = revision });
            if (reset) Assert.Equal(since.Revision, stored.Revision - 1);
            foreach (var id in named)
                Assert.True(state.GetValueOrDefault(id) == then.GetValueOrDefault(id), $"{id} changed between {since} and {stored}");
        }
    }
}
