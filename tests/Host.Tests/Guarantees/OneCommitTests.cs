using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>Updates that one commit takes together: the conditions of each apply to the state after those before it.</summary>
public sealed class OneCommitTests
{
    private const string Path = "/app/items/a";

    [Fact]
    public void UpdatesBeforeItInTheSameCommitCount()
    {
        var (outcomes, items) = InOneCommit(
            [],
            """{"insert":[{"id":"x","n":1}]}""",
            """{"if":{"absent":["x"]},"insert":[{"id":"never"}]}""",
            """{"if":{"present":["x"]},"inc":[{"id":"x","path":"n","by":1}]}""",
            """{"if":{"match":{"x":{"n":1}}},"insert":[{"id":"never"}]}""",
            """{"if":{"match":{"x":{"n":2}}},"inc":[{"id":"x","path":"n","by":5}]}""",
            """{"inc":[{"id":"first","path":"id","by":5}],"insert":[]}""",
            """{"remove":["x"]}""",
            """{"if":{"present":["x"]},"insert":[{"id":"never"}]}""",
            """{"patch":[{"id":"x","again":true}]}""",
            """{"if":{"since":1,"epoch":"e1"},"insert":[{"id":"first","v":2}]}""");
        Assert.Equal(["ok", "conflict", "ok", "conflict", "ok", "bad_request", "ok", "conflict", "ok", "ok"], outcomes);
        Assert.Equal("""[{"id":"x","again":true},{"id":"first","v":2}]""", items);
    }

    /// <summary>What a removal or a reset before it in the same commit has removed was changed, also if nothing of it is left.</summary>
    [Theory]
    [InlineData("""{"remove":["x"]}""", """{"if":{"since":2,"epoch":"e1"},"insert":[{"id":"x"}]}""", "conflict")]
    [InlineData("""{"reset":true}""", """{"if":{"since":2,"epoch":"e1"},"insert":[{"id":"x"}]}""", "conflict")]
    [InlineData("""{"reset":true}""", """{"if":{"since":3,"epoch":"e1"},"insert":[{"id":"x"}]}""", "ok")]
    [InlineData("""{"reset":true}""", """{"if":{"since":2,"epoch":"e1"},"reset":true,"insert":[{"id":"y"}]}""", "conflict")]
    [InlineData("""{"reset":true,"insert":[{"id":"y"}]}""", """{"if":{"since":3,"epoch":"e1"},"insert":[{"id":"y","v":2}]}""", "ok")]
    [InlineData("""{"remove":["nothing"]}""", """{"if":{"since":2,"epoch":"e1"},"reset":true}""", "ok")]
    public void ARemovalBeforeItInTheSameCommitCounts(string update, string conditional, string outcome)
    {
        var (outcomes, _) = InOneCommit(["""{"insert":[{"id":"x"}]}"""], update, conditional);
        Assert.Equal(["ok", outcome], outcomes);
    }

    /// <summary>Sends updates that one commit takes together: the commit before them, which inserts <c>first</c>, is held.</summary>
    private static (List<string> Outcomes, string Items) InOneCommit(string[] stored, params string[] updates)
    {
        var storage = new MemoryStorage();
        using var host = new ModelHost(new() { ["items"] = storage, ["other"] = new() }, new());
        var client = new LifePeer(host);
        foreach (var update in stored) client.Put(Path, update);
        client.Get(Path);
        var commits = storage.Commits;
        var faults = new ModelFaults(storage) { Holding = true };
        client.Ask("PUT", Path, """{"insert":[{"id":"first"}]}""", _ => { });
        var outcomes = new List<string>();
        foreach (var update in updates)
            client.Ask("PUT", Path, update, reply => outcomes.Add((bool)reply["ok"]! ? "ok" : (string)reply["error"]!["code"]!));
        faults.LetGo();
        client.Read();
        Assert.Equal(updates.Length, outcomes.Count);
        Assert.Equal(commits + 2, storage.Commits); // a draft that differs from what is stored would cost another one
        return (outcomes, client.Get(Path).ToJsonString());
    }
}
