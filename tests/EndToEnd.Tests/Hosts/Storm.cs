using System.Collections.Concurrent;
using System.Globalization;
using SharedState.Host.Tests.Engine;

namespace SharedState.EndToEnd.Tests.Hosts;

/// <summary>
/// Members at several doors who all follow and change the same few collections; each also changes one of its own, which one other member
/// follows.
/// </summary>
internal sealed class Storm : IAsyncDisposable
{
    private const int Shared = 3, Contended = 20, ReadEach = 8;

    /// <summary>In which any request is answered, and some for whoever has to find another door before.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly SharedHistory _history = new();
    private readonly ConcurrentDictionary<(string Path, int Member), int> _acknowledged = new();
    private readonly ConcurrentDictionary<(string Path, int Member, int Value), bool> _unknown = new();
    private readonly Random _random;
    private long _stored, _refused;
    private int _value;
    private volatile bool _over;

    /// <param name="doors">Where hosts can be reached; a proxy is one door.</param>
    /// <param name="members">How many clients there are, evenly at the doors.</param>
    /// <param name="seed">Of what they write.</param>
    /// <param name="patience">What an answer may take beyond what it always may: for those whose host is suspended, say.</param>
    public Storm(IReadOnlyList<Uri> doors, int members, int seed, TimeSpan patience = default)
    {
        _random = new(seed);
        Members =
        [
            .. Enumerable.Range(0, members).Select(number =>
                new Member(number, doors, number % doors.Count, [.. SharedPaths, Own(number), Own((number + 1) % members)], _history)),
        ];
        AnswerTime = Patience + patience;
    }

    public IReadOnlyList<Member> Members { get; }

    /// <summary>Updates that were answered with ok.</summary>
    public long Stored => Interlocked.Read(ref _stored);

    /// <summary>Of the updates that were answered, how many everybody got merged with others, so that only their effect could be
    /// checked.</summary>
    public int Merged { get; private set; }

    /// <summary>How often a member got everything anew who had something.</summary>
    public int Resets { get; private set; }

    private TimeSpan AnswerTime { get; }

    private static IEnumerable<string> SharedPaths => Enumerable.Range(0, Shared).Select(number => $"/app/items/shared-{number}");

    /// <summary>How long any of some members had to wait since <see cref="ForgetDelays"/>.</summary>
    public Delays DelaysOf(Func<Member, bool> which)
    {
        var delays = Members.Where(which).Select(member => member.Delays).ToArray();
        return new(delays.Max(delay => delay.Answer), delays.Max(delay => delay.Silence));
    }

    public void ForgetDelays()
    {
        foreach (var member in Members) member.ForgetDelays();
    }

    public Task PresentAsync() => UntilAsync(() => Members.All(member => member.Present), "all members are connected");

    /// <summary>Each member makes so many updates, one after another, and reads between some.</summary>
    public Task WriteAsync(int updates) => Task.WhenAll(Members.Select(async member =>
    {
        for (var update = 0; update < updates; update++)
        {
            var path = await UpdateAsync(member);
            if (update % ReadEach == 0) await member.AskAsync("GET", path, null, AnswerTime);
        }
    }));

    /// <summary>Each member makes updates and reads, with pauses, until <see cref="End"/>.</summary>
    public Task WriteAsync(TimeSpan pause) => Task.WhenAll(Members.Select(async member =>
    {
        for (var update = 0; !_over; update++)
        {
            var path = await UpdateAsync(member);
            if (update % ReadEach == 0) await member.AskAsync("GET", path, null, AnswerTime);
            await Task.Delay(pause * (0.5 + Random.Shared.NextDouble()));
        }
    }));

    public void End() => _over = true;

    /// <summary>Waits for a condition; at once for what a member saw that must not be.</summary>
    public async Task UntilAsync(Func<bool> condition, string what, double seconds = 20)
    {
        await Wait.UntilAsync(() => condition() || Members.Any(member => member.Failure is not null), what, seconds);
        CheckMembers();
    }

    public Task MoreAsync(long updates, string what, double seconds = 20)
    {
        var before = Stored;
        return UntilAsync(() => Stored >= before + updates, what, seconds);
    }

    /// <summary>Returns when everybody has more of each collection that all follow than anybody has now.</summary>
    public Task MoveOnAsync()
    {
        var now = SharedPaths.ToDictionary(
            path => path, path => Members.Max(member => member.Copies[path].At!.Value.Revision), StringComparer.Ordinal);
        return UntilAsync(
            () => now.All(pair => Members.All(member => member.Copies[pair.Key].At!.Value.Revision > pair.Value)), "everybody moves on");
    }

    /// <summary>At rest: all that was answered is there, and every copy is what each host shows and what storage holds.</summary>
    /// <param name="hosts">All of them.</param>
    /// <param name="storage">What they share.</param>
    /// <param name="mayLose">Whether the storage went back in time: then updates are gone, and members got everything anew.</param>
    public async Task CheckAtRestAsync(IReadOnlyList<Uri> hosts, ISharedStorage storage, bool mayLose = false)
    {
        CheckMembers();

        // :: 1. The last update of each collection, at any host, and everybody has it.
        var paths = SharedPaths.Concat(Members.Select(member => Own(member.Number))).ToArray();
        var last = (await Task.WhenAll(paths.Select(LastAsync)))
            .Zip(paths)
            .ToDictionary(pair => pair.Second, pair => pair.First, StringComparer.Ordinal);
        var copies = Members.SelectMany(member => member.Copies).ToArray();
        await UntilAsync(() => copies.All(copy => copy.Value.At == last[copy.Key]), "everybody has the last update");

        // :: 2. Nobody got everything anew who had something, and whatever was answered is what everybody saw.
        Resets = copies.Sum(copy => copy.Value.Resets);
        Assert.True(mayLose == (Resets > 0), $"{Resets} resets");
        Merged = _history.CheckAcknowledged();
        Assert.True(mayLose || Merged < Stored / 10, $"{Merged} of {Stored} updates were only seen merged");

        // :: 3. Copies, hosts and storage hold the same.
        var stored = (await Task.WhenAll(paths.Select(path => storage.ReadAsync(path.Split('/')[^1]))))
            .Zip(paths)
            .ToDictionary(pair => pair.Second, pair => pair.First, StringComparer.Ordinal);
        foreach (var (path, copy) in copies) Assert.Equal(stored[path], new(copy.Items.ToDictionary(), StringComparer.Ordinal));
        foreach (var path in paths.Where(_ => !mayLose)) AssertAcknowledged(path, stored[path]);
        await Task.WhenAll(hosts.Select(async host =>
        {
            await using var client = await Client.ConnectAsync(host);
            foreach (var path in paths)
            {
                var reply = await client.GetAsync(path);
                _history.Shown(path, reply);
                Assert.Equal(last[path], new((string)reply["epoch"]!, (long)reply["rev"]!));
                Assert.Equal(stored[path], new(reply["data"]!.AsArray().ToDictionary(item => (string)item!["id"]!, item => item!.ToJsonString()), StringComparer.Ordinal));
            }
        }));
    }

    public override string ToString() =>
        $"{Stored} updates stored, {Interlocked.Read(ref _refused)} not, of which {_unknown.Count} of unknown outcome; "
        + $"{_history.Positions} positions; {Merged} updates were only seen merged; {Resets} resets";

    public async ValueTask DisposeAsync()
    {
        foreach (var member in Members) await member.DisposeAsync();
    }

    private static string Own(int member) => $"/app/items/own-{member}";

    /// <summary>One update, of the member's item and of others that many change. Its mark is in all of them.</summary>
    /// <returns>The collection.</returns>
    private async Task<string> UpdateAsync(Member member)
    {
        string path;
        int changed, removed, value;
        lock (_random)
        {
            path = _random.Next(3) < 2 ? $"/app/items/shared-{_random.Next(Shared)}" : Own(member.Number);
            (changed, value) = (_random.Next(Contended), ++_value);
            removed = (changed + _random.Next(1, Contended)) % Contended;
        }
        var argument =
            $$"""{"remove":["{{removed}}"],"insert":[{"id":"m{{member.Number}}","mark":{{value}}},{"id":"{{changed}}","mark":{{value}}}]}""";
        var answer = await member.AskAsync("PUT", path, argument, AnswerTime);
        if (answer is { } reply && reply.GetProperty("ok").GetBoolean())
        {
            _history.Acknowledged(
                path, new(reply.GetProperty("epoch").GetString()!, reply.GetProperty("rev").GetInt64()), $"\"mark\":{value}}}");
            _acknowledged[(path, member.Number)] = value;
            Interlocked.Increment(ref _stored);
            return path;
        }
        Interlocked.Increment(ref _refused);
        var code = answer?.GetProperty("error").GetProperty("code").GetString();
        Assert.Contains(code, new[] { null, "unavailable", "unknown" });
        if (code != "unavailable") _unknown[(path, member.Number, value)] = true;
        return path;
    }

    private async Task<Position> LastAsync(string path)
    {
        var member = Members.First(member => member.Copies.ContainsKey(path));
        Position? last = null;
        await Wait.UntilAsync(
            async () =>
            {
                var answer = await member.AskAsync("PUT", path, """{"insert":[{"id":"last"}]}""", AnswerTime);
                if (answer is { } reply && reply.GetProperty("ok").GetBoolean())
                    last = new(reply.GetProperty("epoch").GetString()!, reply.GetProperty("rev").GetInt64());
                return last is not null;
            },
            $"the last update of {path}");
        return last!.Value;
    }

    /// <summary>A member's item is as it was last told, or as an update made it of which nobody told.</summary>
    private void AssertAcknowledged(string path, SortedDictionary<string, string> stored)
    {
        foreach (var (place, value) in _acknowledged.Where(pair => pair.Key.Path == path))
        {
            var json = stored[$"m{place.Member}"];
            var found = int.Parse(json.AsSpan(json.LastIndexOf(':') + 1).TrimEnd('}'), CultureInfo.InvariantCulture);
            Assert.True(
                found == value || _unknown.ContainsKey((path, place.Member, found)),
                $"{path}: member {place.Member} was told {value}, stored is {found}");
        }
    }

    private void CheckMembers()
    {
        foreach (var member in Members)
        {
            if (member.Failure is not null) throw new InvalidOperationException($"member {member.Number}", member.Failure);
        }
    }
}
