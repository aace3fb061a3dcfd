using System.Diagnostics;
using System.Globalization;
using System.Text;
using SharedState.Host.Access;
using SharedState.Host.Collections;
using SharedState.Host.Connections;
using SharedState.Host.Contents;
using SharedState.Host.JsonFiles;

namespace SharedState.Micro;

/// <summary>
/// Changes of random items of a collection of 100,000, with several kinds of subscriptions, in rounds that alternate with a collection that
/// has one plain subscriber. A change is read from the message of a PUT, applied, told, answered, and taken from the outbox. Each round is
/// a line; the last line has the medians.
/// </summary>
internal static class ViewRounds
{
    private const int Items = 100_000, Owners = 10_000, Users = 1_000;

    private static readonly Lazy<RuleSet> _ownItems = new(ReadRules);

    private static readonly TimeSpan _share = TimeSpan.FromSeconds(0.5);

    public static int Run(int rounds)
    {
        var plain = new Watched(Owners, [""]);
        var few = new Watched(100, OwnersUpTo(100));
        var many = new Watched(Owners, OwnersUpTo(Owners));
        var asked = new Watched(Owners, Enumerable.Range(0, 100).Select(n => Filter($$$"""{"n":{"$gt":{{{Items * (n + 1) / 101}}}}}""")));
        var restricted = new Watched(Owners, Enumerable.Repeat("", Users), user => RightsOf($"u{user}"));
        var users = new Watched(Owners, OwnersUpTo(Users));
        var window = new Watched(Owners, ["\"order\":[[\"n\",-1]],\"limit\":50"]);
        Print("a view of its own: " + BytesOfView().ToString("0", CultureInfo.InvariantCulture) + " bytes");
        var lines = new List<double[]>();
        for (var round = 0; round <= rounds; round++)
        {
            double[] times =
            [
                plain.Measure(), few.Measure(), many.Measure(), asked.Measure(), window.Measure(), many.MeasureSnapshot(),
                restricted.Measure(),
                users.Measure(),
            ];
            double[] line =
            [
                times[2] / times[0], times[2] / times[1], (times[3] - times[0]) / 100, times[4] / times[0], times[5] / 1_000, times[0],
                times[6] / times[7],
            ];
            if (round > 0) lines.Add(line); // the first round warms up
            Print($"round {round}", line);
        }
        Print("median", [.. Enumerable.Range(0, lines[0].Length).Select(column => lines.Select(line => line[column]).Order().ElementAt(lines.Count / 2))]);
        return 0;
    }

    private static IEnumerable<string> OwnersUpTo(int count) => Enumerable.Range(0, count).Select(n => Filter($$"""{"owner":"u{{n}}"}"""));

    /// <summary>The rights of a user to read the items that the user owns.</summary>
    private static Rights RightsOf(string user)
    {
        var claims = Encoding.UTF8.GetBytes($$"""{"sub":"{{user}}"}""");
        return _ownItems.Value.At(new Identity(user, claims, null), "app", "items", "collection");
    }

    private static RuleSet ReadRules()
    {
        var path = Path.Combine(Path.GetTempPath(), $"sharedstate-micro-{Environment.ProcessId}.json");
        File.WriteAllText(
            path, """{"access": {"rules": [{"path": "/**", "who": "user", "read": {"owner": "{sub}"}, "write": {"owner": "{sub}"}}]}}""");
        var file = JsonFile.Read(path);
        File.Delete(path);
        return AccessConfig.Read(file, new(file, file.Root), new(null, null))!.Rules;
    }

    private static string Filter(string condition) => $"\"filter\":{condition}";

    /// <summary>The memory of a view that one subscription follows, without its items and without the subscription.</summary>
    private static double BytesOfView()
    {
        var (with, without) = (Measure(OwnersUpTo(Owners)), Measure(Enumerable.Repeat(Filter("""{"owner":"u0"}"""), Owners)));
        return (with - without) / Owners;

        static double Measure(IEnumerable<string> views)
        {
            var watched = new Watched(Owners, views);
            watched.Forget();
            var held = (double)GC.GetTotalMemory(forceFullCollection: true);
            GC.KeepAlive(watched);
            return held;
        }
    }

    private static void Print(string name, double[] line) => Print(
        string.Create(
            CultureInfo.InvariantCulture,
            $"{name,-8} 10,000 owners {line[0]:f2} of plain, {line[1]:f2} of 100 owners; each of 100 conditions {line[2]:f2} us; "
                + $"window of 50 {line[3]:f2} of plain; snapshot of 10 items {line[4]:f2} ms; plain {line[5]:f1} us; "
                + $"read conditions of 1,000 users {line[6]:f2} of 1,000 views"));

    private static void Print(string line) => Console.WriteLine(line);

    /// <summary>A collection with its subscriptions.</summary>
    private sealed class Watched
    {
        private static readonly Limits _limits = new();

        private readonly Collection _collection = Arrangement.NewCollection();
        private readonly Outbox _outbox = new(int.MaxValue);
        private readonly Lane _lane = new(null!);
        private readonly byte[][] _messages;
        private List<Frame> _taken = [];
        private long _revision = 1;
        private int _next;

        /// <param name="owners">The items belong to so many owners.</param>
        /// <param name="views">The options of each subscription.</param>
        /// <param name="rights">What each subscriber may read; null for everything.</param>
        public Watched(int owners, IEnumerable<string> views, Func<int, Rights>? rights = null)
        {
            var random = new Random(1);
            var log = new ItemLog(_limits.Tombstones);
            log.Load(new StoredCollection(
                new Position("epoch", 1), [.. Enumerable.Range(0, Items).Select(n => new StoredItem($"i{n}", ItemOf(n, n, owners), 1))]));
            _collection.Load(log);
            _messages = new byte[200_000][];
            for (var index = 0; index < _messages.Length; index++)
            {
                var n = random.Next(Items);
                _messages[index] = Arrangement.Put(
                    new() { Key = Updates.Key, Insert = [new($"i{n}", ItemOf(n, random.Next(Items), owners))] });
            }
            foreach (var (number, view) in views.Index()) Subscribe(view, rights?.Invoke(number));
        }

        /// <summary>Forgets the texts of the first snapshots.</summary>
        public void Forget() => _collection.ForgetBodies();

        /// <summary>The microseconds of a change.</summary>
        public double Measure()
        {
            var (start, count) = (Stopwatch.GetTimestamp(), 0);
            for (; Stopwatch.GetElapsedTime(start) < _share; count += 100)
            {
                for (var n = 0; n < 100; n++) Change();
            }
            return Stopwatch.GetElapsedTime(start).TotalMicroseconds / count;
        }

        /// <summary>The microseconds of the first snapshot of a view that nobody follows.</summary>
        public double MeasureSnapshot()
        {
            var start = Stopwatch.GetTimestamp();
            Subscribe($"\"fields\":[\"x{_revision}\"]," + Filter("""{"owner":"u77"}"""));
            return Stopwatch.GetElapsedTime(start).TotalMicroseconds;
        }

        private static byte[] ItemOf(int n, int value, int owners) => Encoding.UTF8.GetBytes(
            $$"""{"id":"i{{n}}","owner":"u{{n % owners}}","n":{{value}},"text":"{{new string('x', 60)}}"}""");

        private void Subscribe(string view, Rights? rights = null)
        {
            var request = Arrangement.Read(Encoding.UTF8.GetBytes(
                """{"type":"REQUEST","cmd":"PUT","path":"/subs","arg":{"insert":[["/app/items/collection",{""" + view + "}]]}}"));
            _collection.Add(new SocketFollower(request.Subscriptions!.Insert[0], rights ?? Rights.All, _lane, _outbox).Subscription);
            Take();
        }

        private void Change()
        {
            var request = Arrangement.Read(_messages[_next++ % _messages.Length]);
            _collection.TryReceive(request.Update!.Update, ++_revision);
            _collection.Tell();
            _outbox.Enqueue(Arrangement.Reply(request));
            Take();
        }

        private void Take()
        {
            _taken.Clear();
            _outbox.Take(ref _taken, 0);
            foreach (var frame in _taken) _outbox.Wrote(frame.Length);
        }
    }
}
