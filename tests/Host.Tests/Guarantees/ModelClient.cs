using System.Text;
using System.Text.Json;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>
/// A client by the protocol's letter: it applies each notification by the position rule, and after every frame its copy must be what the
/// collection was at that frame's revision. Makes requests; knows nothing of how they travel.
/// </summary>
internal sealed class ModelClient(ModelHistory history, Dictionary<string, ModelClient.Copy> known)
{
    private readonly Dictionary<string, Copy> _copies = new(StringComparer.Ordinal);
    private readonly Queue<Action<JsonElement>> _expected = new();
    private readonly Dictionary<string, Position> _acknowledged = new(StringComparer.Ordinal);
    private int _sent, _answered;

    /// <summary>Whether nothing may be merged for this client: it always reads, and no fault has happened yet.</summary>
    public bool GetsEverySingleChange { get; set; }

    public int Unanswered => _expected.Count;

    public IReadOnlyDictionary<string, Copy> Copies => _copies;

    /// <summary>What to come back with after the connection broke.</summary>
    public Dictionary<string, Copy> Known => known;

    /// <summary>A copy of a collection, or of a view.</summary>
    internal sealed record Copy(IReadOnlyDictionary<string, string> Items, Position? Position)
    {
        public static readonly Copy Nothing = new(new Dictionary<string, string>(), null);

        /// <summary>What it came back with, while the first notification has not come.</summary>
        public Position? Since { get; init; }

        /// <summary>What it has of the collection; null for all.</summary>
        public ModelView? View { get; init; }

        /// <summary>What it must be when the collection is in a state.</summary>
        public IReadOnlyDictionary<string, string> Of(IReadOnlyDictionary<string, string> collection) =>
            View is null ? collection : View.Of(collection).Items;
    }

    /// <summary>The name of a subscription: its path as the client spells it, and after a blank its <c>as</c>, if it has one.</summary>
    public static string NameOf(string spelling, string? name) => name is null ? spelling : $"{spelling} {name}";

    /// <summary>Splits a subscription's name into service and collection, as the server must.</summary>
    public static (string Service, CollectionKey Key) Parse(string name)
    {
        var parts = name.Split(' ')[0].Split('/', StringSplitOptions.RemoveEmptyEntries);
        return (parts[1], new(parts[0], parts[2]));
    }

    public string Get(string path, ModelView? view = null) => Request("GET", path, view is null ? null : $"{{{view.Options}}}", reply =>
    {
        if (!Ok(reply)) return;
        var (service, key) = Parse(path);
        var (position, items) = (PositionOf(reply), Items(reply.GetProperty("data")));
        var state = history.At(service, key, position);
        Same(view?.Of(state).Items ?? state, items, $"GET {view?.Options}", position);
        AssertTotal(view, state, reply);
        if (_acknowledged.TryGetValue($"{service}/{key}", out var own) && own.Epoch == position.Epoch)
            Assert.True(position.Revision >= own.Revision, "a GET does not show this connection's own update");
    });

    /// <summary>An update; <paramref name="mark"/> is in each of its items.</summary>
    public string Put(string path, string argument, int mark, ModelCondition? condition = null) => Request("PUT", path, argument, reply =>
    {
        var code = Ok(reply) ? "ok" : reply.GetProperty("error").GetProperty("code").GetString();
        if (code is not ("ok" or "unknown")) Assert.False(history.Holds(mark), $"refused with {code}, but stored");
        var (service, key) = Parse(path);
        if (code == "conflict") AssertConflicts(reply, service, key, condition);
        if (code != "ok") return;
        var position = PositionOf(reply);
        if (condition is not null && history.Holds(mark))
        {
            using var document = JsonDocument.Parse(argument);
            condition.AssertHeld(history, service, key, position, Named(document.RootElement), argument.Contains("\"reset\":true"));
        }
        _acknowledged[$"{service}/{key}"] = position;
        if (argument.Contains($"\"v\":{mark}")) Assert.True(history.Holds(mark), "acknowledged, but not stored");
        foreach (var (spelling, copy) in _copies)
        {
            if (Parse(spelling) != (service, key)) continue;
            Assert.True(copy.Position is not null, $"the reply of {position} came before the first notification of {spelling}");
            if (!ModelHistory.Reached(position, copy.Position.Value))
                Same(copy.Of(history.At(service, key, position)), copy.Items, $"{spelling} {copy.View?.Options} of {copy.Position} at the reply", position);
        }
    });

    /// <summary>Changes the subscriptions.</summary>
    /// <param name="insert">Names with their other options and views; those that have a known copy of the view and
    /// <paramref name="resume"/> come back with it.</param>
    /// <param name="remove">Names to drop; null replaces all.</param>
    /// <param name="resume">Whether to come back with what is known.</param>
    public string Subscribe(
        IReadOnlyDictionary<string, (string Options, ModelView? View)> insert, IReadOnlyCollection<string>? remove, bool resume)
    {
        var begin = insert.ToDictionary(
            pair => pair.Key,
            pair => resume && known.TryGetValue(pair.Key, out var copy) && copy.View == pair.Value.View
                ? copy
                : Copy.Nothing with { View = pair.Value.View });
        var list = insert.Select(pair =>
        {
            var (name, since) = (pair.Key.Split(' '), begin[pair.Key].Position);
            string?[] options =
            [
                pair.Value.Options, pair.Value.View?.Options, name.Length > 1 ? $"\"as\":\"{name[1]}\"" : null,
                since is { } at ? $"\"since\":{at.Revision},\"epoch\":\"{at.Epoch}\"" : null,
            ];
            return $$"""["{{name[0]}}",{{{string.Join(',', options.Where(text => text?.Length > 0))}}}]""";
        });
        var dropped = remove?.Select(name => name.Contains(' ') ? $"[\"{name.Replace(" ", "\",\"")}\"]" : $"\"{name}\"");
        var argument =
            $$"""{"insert":[{{string.Join(',', list)}}]{{(dropped is null ? "" : $",\"reset\":false,\"remove\":[{string.Join(',', dropped)}]")}}}""";
        return Request("PUT", "/subs", argument, reply =>
        {
            Assert.True(Ok(reply), reply.GetRawText());
            if (remove is null) _copies.Clear();
            foreach (var path in remove ?? []) _copies.Remove(path);
            foreach (var (path, copy) in begin) _copies[path] = copy with { Position = null, Since = copy.Position };
            var names = reply.GetProperty("data").EnumerateArray().Select(entry =>
                NameOf(entry[0].GetString()!, entry[1].TryGetProperty("as", out var name) ? name.GetString() : null));
            Assert.Equal(_copies.Keys.Order(), names.Order());
        });
    }

    /// <summary>Follows one path, in place of all others.</summary>
    public string Subscribe(string path) => Subscribe(new Dictionary<string, (string, ModelView?)> { [path] = ("", null) }, null, resume: false);

    public string Clock() => Request("GET", "/clock", null, reply => Assert.True(Ok(reply)));

    /// <summary>A message from the server.</summary>
    public void Receive(ReadOnlyMemory<byte> message)
    {
        using var document = JsonDocument.Parse(message);
        var root = document.RootElement;
        if (root.GetProperty("type").ValueEquals("MESSAGE"))
        {
            Notified(root);
            return;
        }
        Assert.Equal(_answered++, root.GetProperty("tunnel").GetInt32());
        _expected.Dequeue()(root);
    }

    /// <summary>At rest every copy is what storage holds.</summary>
    public void AssertRest(Func<string, CollectionKey, StoredCollection> storage)
    {
        Assert.Empty(_expected);
        foreach (var (spelling, copy) in _copies)
        {
            var (service, key) = Parse(spelling);
            var stored = storage(service, key);
            if (copy.View is null) Assert.Equal(stored.Position, copy.Position);
            Same(copy.Of(ModelHistory.Items(stored)), copy.Items, $"{spelling} {copy.View?.Options} at rest", stored.Position);
        }
    }

    private void AssertConflicts(JsonElement reply, string service, CollectionKey key, ModelCondition? condition)
    {
        Assert.NotNull(condition);
        var state = history.At(service, key, PositionOf(reply));
        foreach (var conflict in reply.GetProperty("conflicts").EnumerateArray())
        {
            if (!conflict.TryGetProperty("item", out var item)) continue; // left out, because the client did not read
            var shown = item.ValueKind == JsonValueKind.Null ? null : item.GetRawText();
            Assert.Equal(state.GetValueOrDefault(conflict.GetProperty("id").GetString()!), shown);
        }
    }

    private static List<string> Named(JsonElement argument) =>
    [
        .. argument.GetProperty("remove").EnumerateArray().Select(id => id.GetString()!),
        .. new[] { "insert", "patch", "inc" }
            .SelectMany(field => argument.GetProperty(field).EnumerateArray())
            .Select(item => item.GetProperty("id").GetString()!),
    ];

    private void Notified(JsonElement message)
    {
        var spelling = NameOf(
            message.GetProperty("path").GetString()!, message.TryGetProperty("as", out var name) ? name.GetString() : null);
        Assert.True(_copies.TryGetValue(spelling, out var copy), $"a notification of {spelling}, which is not subscribed to");
        var (position, data) = (PositionOf(message), message.GetProperty("data"));
        var (first, at) = (copy.Position is null, copy.Position ?? copy.Since);
        var sameLineage = at?.Epoch == position.Epoch;
        if (!first && sameLineage && copy.View is null) Assert.True(position.Revision > at!.Value.Revision, $"{position} after {at}");
        var items = new Dictionary<string, string>(StringComparer.Ordinal);
        if (!data.GetProperty("reset").GetBoolean())
        {
            var previous = message.GetProperty("prev").GetInt64();
            Assert.True(sameLineage, "a difference to another lineage");
            Assert.True(
                previous <= at!.Value.Revision && position.Revision >= at.Value.Revision,
                $"a difference from {previous} to {position.Revision} for who is at {at}");
            items = new(copy.Items);
            foreach (var id in data.GetProperty("remove").EnumerateArray()) items.Remove(id.GetString()!);
        }
        foreach (var (id, json) in Items(data.GetProperty("insert"))) items[id] = json;
        var (service, key) = Parse(spelling);
        if (!first && GetsEverySingleChange) AssertNothingBetween(service, key, copy, at!.Value, position);
        var state = history.At(service, key, position);
        Same(copy.Of(state), items, $"NOTIFY {copy.View?.Options}", position);
        AssertTotal(copy.View, state, message);
        _copies[spelling] = known[spelling] = copy with { Items = items, Position = position, Since = null };
    }

    /// <summary>Each change was told by a notification of its own.</summary>
    private void AssertNothingBetween(string service, CollectionKey key, Copy copy, Position at, Position position)
    {
        if (copy.View is null) Assert.Equal(at.Revision + 1, position.Revision);
        for (var revision = at.Revision + 1; revision < position.Revision; revision++)
        {
            var between = position with { Revision = revision };
            Same(copy.Of(history.At(service, key, between)), copy.Items, $"no NOTIFY {copy.View?.Options}", between);
        }
    }

    private static void AssertTotal(ModelView? view, IReadOnlyDictionary<string, string> state, JsonElement message)
    {
        Assert.Equal(view?.HasTotal == true, message.TryGetProperty("total", out var total));
        if (view?.HasTotal == true) Assert.Equal(view.Of(state).Total, total.GetInt32());
    }

    private string Request(string command, string path, string? argument, Action<JsonElement> answered)
    {
        _expected.Enqueue(answered);
        return $$"""{"type":"REQUEST","cmd":"{{command}}","path":"{{path}}",{{(argument is null ? "" : $"\"arg\":{argument},")}}"tunnel":{{_sent++}}}""";
    }

    private static bool Ok(JsonElement reply) => reply.GetProperty("ok").GetBoolean();

    private static Position PositionOf(JsonElement message) =>
        new(message.GetProperty("epoch").GetString()!, message.GetProperty("rev").GetInt64());

    private static Dictionary<string, string> Items(JsonElement list) =>
        list.EnumerateArray().ToDictionary(item => item.GetProperty("id").GetString()!, item => item.GetRawText(), StringComparer.Ordinal);

    private static void Same(
        IReadOnlyDictionary<string, string> expected, IReadOnlyDictionary<string, string> actual, string what, Position position)
    {
        if (ModelHistory.Equal(expected, actual)) return;
        var difference = new StringBuilder();
        foreach (var id in expected.Keys.Union(actual.Keys).Where(id => expected.GetValueOrDefault(id) != actual.GetValueOrDefault(id)))
            difference.Append($"\n  {id}: {expected.GetValueOrDefault(id) ?? "-"} / {actual.GetValueOrDefault(id) ?? "-"}");
        Assert.Fail($"{what} at {position} is not what was stored (stored / shown):{difference}");
    }
}
