using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>Ten hostile clients of different kinds at once, and one that behaves well.</summary>
[Collection(Alone.Name)]
public sealed class FairnessTests
{
    private const int Names = 2_000, Stored = 30, Positions = 100;

    private static readonly TimeSpan Time = TimeSpan.FromSeconds(Setting.Number("SHAREDSTATE_FAIRNESS", 5));

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly Limits _limits = new()
    {
        Memory = new(96 << 20),
        UnfinishedBytes = 16 << 20,
        MessageBytes = 2 << 20,
        MessageTime = TimeSpan.FromSeconds(2),
    };

    [Fact]
    public async Task AWellBehavedClientIsServedWithinASecondBesideHostileOnes()
    {
        await using var host = await LiveHost.StartAsync(Fill(), limits: _limits, compression: true);
        using var stop = new CancellationTokenSource();
        var hostile = new (string Kind, Func<Uri, CancellationToken, Task> Act)[]
        {
            ("removals", RemovalsAsync),
            ("positions", PositionsAsync),
            ("tunnels", TunnelsAsync),
            ("loads", LoadsAsync),
            ("listings", ListingsAsync),
            ("inflating messages", InflatingAsync),
            ("unfinished messages", (_, token) => UnfinishedAsync(host, token)),
            ("a slow reader", SlowReaderAsync),
            ("a flood", FloodAsync),
            ("a resubscriber", ResubscriberAsync),
        };
        var rounds = new int[hostile.Length];
        var running = hostile.Select((one, index) => Task.Run(() => RepeatAsync(one.Act, host.Url, () => rounds[index]++, stop.Token)));
        var ended = Task.WhenAll(running.ToArray());
        using var control = new Control();
        var controlling = Task.Run(() => control.RunAsync(stop.Token));
        var worst = TimeSpan.Zero;
        var served = 0;

        await using var client = await Client.ConnectAsync(host.Url);
        await client.PutAsync("/subs", """{"insert":[["/good/items/a",{}]]}""");
        await client.NotificationAsync();
        for (var began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < Time; served++)
        {
            var update = await InTimeAsync(() => client.PutAsync("/good/items/a", $$"""{"insert":[{"id":"1","v":{{served}}}]}"""));
            Assert.True((bool)update["ok"]!, update.ToJsonString());
            var told = await InTimeAsync(client.NotificationAsync);
            Assert.Equal(served, (int)told["data"]!["insert"]![0]!["v"]!);
            foreach (var path in new[] { "/good/items/a", "/good/items", "/clock", "/subs" })
                Assert.True((bool)(await InTimeAsync(() => client.GetAsync(path)))["ok"]!, path);
            Assert.InRange(_limits.Memory.Used, 0, _limits.Memory.Limit);
            Assert.InRange(host.UnfinishedBytes, 0, _limits.UnfinishedBytes + _limits.MessageBytes);
            Assert.InRange(host.RequestBytes, 0, _limits.UnfinishedBytes);
        }
        await stop.CancelAsync();
        await ended;
        await controlling;
        Assert.All(hostile.Zip(rounds), pair => Assert.True(pair.Second > 0, $"{pair.First.Kind}: nothing was done"));
        Assert.True(served > 0);
        // On a machine that is busy with other things, an echo without a host is as late.
        var late = $"an answer took {worst.TotalSeconds:0.00} s, an echo beside it {control.Worst.TotalSeconds:0.00} s";
        Assert.True(worst < Patience + control.Worst, late);

        async Task<T> InTimeAsync<T>(Func<Task<T>> ask)
        {
            var asked = Stopwatch.GetTimestamp();
            var answer = await ask();
            if (Stopwatch.GetElapsedTime(asked) is var elapsed && elapsed > worst) worst = elapsed;
            return answer;
        }
    }

    /// <summary>Does something hostile again and again, on a new connection when the host has ended one.</summary>
    private static async Task RepeatAsync(Func<Uri, CancellationToken, Task> act, Uri url, Action count, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await act(url, stop);
                count();
            }
            catch (Exception exception) when (exception is System.Net.WebSockets.WebSocketException or IOException or SocketException
                or OperationCanceledException or InvalidOperationException)
            {
                // The host ended the connection, or the test is over.
            }
        }
    }

    private static async Task RemovalsAsync(Uri url, CancellationToken stop)
    {
        await using var client = await Client.ConnectAsync(url);
        var ids = string.Join(',', Enumerable.Range(0, 50_000).Select(id => $"\"{id}\""));
        var request = $$"""{"type":"REQUEST","cmd":"PUT","path":"/bad/items/removals","arg":{"remove":[{{ids}}]},"tunnel":1}""";
        for (var update = 0; update < 20; update++) await client.SendAsync(request);
        for (var update = 0; update < 20 && !stop.IsCancellationRequested; update++) await client.ReceiveTextAsync();
    }

    private static async Task PositionsAsync(Uri url, CancellationToken stop)
    {
        await using var client = await Client.ConnectAsync(url);
        var inserts = Enumerable.Range(1, Positions)
            .Select(since => $$"""["/bad/items/large",{"as":"{{since}}","since":{{since}},"epoch":"e1"}]""");
        await client.SendAsync(
            $$"""{"type":"REQUEST","cmd":"PUT","path":"/subs","arg":{"insert":[{{string.Join(',', inserts)}}]},"tunnel":1}""");
        for (var count = 0; count < 20 && !stop.IsCancellationRequested; count++) await client.ReceiveTextAsync();
    }

    private static async Task TunnelsAsync(Uri url, CancellationToken stop)
    {
        await using var client = await Client.ConnectAsync(url);
        foreach (var size in new[] { 1_000_000, 15_000 })
        {
            var request = $$"""{"type":"REQUEST","cmd":"GET","path":"/clock","tunnel":"{{new string('x', size)}}"}""";
            for (var count = 0; count < 60 && !stop.IsCancellationRequested; count++) await client.SendAsync(request);
        }
    }

    private static async Task LoadsAsync(Uri url, CancellationToken stop)
    {
        await using var client = await Client.ConnectAsync(url);
        var inserts = Enumerable.Range(0, Stored).Select(index => $$"""["/bad/items/stored{{index}}",{}]""");
        await client.SendAsync(
            $$"""{"type":"REQUEST","cmd":"PUT","path":"/subs","arg":{"insert":[{{string.Join(',', inserts)}}]},"tunnel":1}""");
        for (var count = 0; count < 10 && !stop.IsCancellationRequested; count++) await client.ReceiveTextAsync();
    }

    private static async Task ListingsAsync(Uri url, CancellationToken stop)
    {
        await using var client = await Client.ConnectAsync(url);
        for (var count = 0; count < 64; count++) await client.SendAsync("""{"type":"REQUEST","cmd":"GET","path":"/bad/items"}""");
        for (var count = 0; count < 64 && !stop.IsCancellationRequested; count++) await client.ReceiveTextAsync();
        var name = $"new{Random.Shared.Next()}";
        await client.SendAsync(
            $$"""{"type":"REQUEST","cmd":"PUT","path":"/bad/items/{{name}}","arg":{"insert":[{"id":"1"}]},"tunnel":1}""");
        await client.ReceiveTextAsync();
    }

    private static async Task InflatingAsync(Uri url, CancellationToken stop)
    {
        await using var client = await Client.ConnectAsync(url, options => options.DangerousDeflateOptions = new());
        var request = $$"""{"type":"REQUEST","cmd":"GET","path":"/clock","ignored":"{{new string('x', 1_000_000)}}"}""";
        for (var count = 0; count < 20 && !stop.IsCancellationRequested; count++) await client.SendAsync(request);
        await client.ReceiveTextAsync();
    }

    private static async Task UnfinishedAsync(LiveHost host, CancellationToken stop)
    {
        var sockets = new List<RawSocket>();
        for (var count = 0; count < 20 && !stop.IsCancellationRequested; count++)
        {
            sockets.Add(await RawSocket.ConnectAsync(host));
            await sockets[^1].SendBytesAsync(RawSocket.Frame(RawSocket.Text, new byte[1_000_000], final: false, promised: 1_500_000));
        }
        foreach (var socket in sockets) await socket.DisposeAsync();
    }

    private static async Task SlowReaderAsync(Uri url, CancellationToken stop)
    {
        await using var client = await Client.ConnectAsync(url);
        for (var count = 0; count < 10; count++) await client.SendAsync("""{"type":"REQUEST","cmd":"GET","path":"/bad/items/large"}""");
        for (var count = 0; count < 2 && !stop.IsCancellationRequested; count++)
        {
            await client.ReceiveTextAsync();
            await client.SendAsync("""{"type":"REQUEST","cmd":"PUT","path":"/bad/items/other","arg":{"insert":[{"id":"1"}]}}""");
        }
    }

    private static async Task FloodAsync(Uri url, CancellationToken stop)
    {
        await using var client = await Client.ConnectAsync(url);
        for (var count = 0; count < 640 && !stop.IsCancellationRequested; count++)
        {
            await client.SendAsync("""{"type":"REQUEST","cmd":"PUT","path":"/bad/items/flood","arg":{"insert":[{"id":"1"}]}}""");
            if (count >= 63) await client.ReceiveTextAsync();
        }
    }

    private static async Task ResubscriberAsync(Uri url, CancellationToken stop)
    {
        await using var client = await Client.ConnectAsync(url);
        for (var count = 0; count < 10 && !stop.IsCancellationRequested; count++)
        {
            await client.PutAsync("/subs", """{"insert":[["/bad/items/large",{}]]}""");
            await client.PutAsync("/bad/items/large", $$"""{"insert":[{"id":"{{count}}"}]}""");
        }
    }

    private static MemoryStorage Fill()
    {
        var storage = new MemoryStorage();
        var text = new string('x', 10_000);
        for (var id = 0; id < 2 * Positions; id++) Insert("large", id);
        for (var index = 0; index < Stored; index++)
        {
            for (var id = 0; id < 100; id++) Insert($"stored{index}", id);
        }
        for (var index = 0; index < Names; index++)
            storage.CommitElsewhere(new() { Key = new("bad", $"name{index}"), Insert = [new("1", """{"id":"1"}"""u8.ToArray())] });
        return storage;

        void Insert(string collection, int id)
        {
            var json = Encoding.UTF8.GetBytes($$"""{"id":"{{id}}","text":"{{text}}"}""");
            storage.CommitElsewhere(new() { Key = new("bad", collection), Insert = [new($"{id}", json)] });
        }
    }

    /// <summary>An echo on a socket without a host: how late an answer is for want of processors.</summary>
    private sealed class Control : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

        public TimeSpan Worst { get; private set; }

        public void Dispose() => _listener.Dispose();

        public async Task RunAsync(CancellationToken stop)
        {
            _listener.Start();
            using var client = new TcpClient { NoDelay = true };
            await client.ConnectAsync((IPEndPoint)_listener.LocalEndpoint, CancellationToken.None);
            using var server = await _listener.AcceptTcpClientAsync(CancellationToken.None);
            var (one, other) = (client.GetStream(), server.GetStream());
            var echo = EchoAsync(other);
            var bytes = new byte[1];
            while (!stop.IsCancellationRequested)
            {
                var sent = Stopwatch.GetTimestamp();
                await one.WriteAsync(bytes, CancellationToken.None);
                await one.ReadExactlyAsync(bytes, CancellationToken.None);
                if (Stopwatch.GetElapsedTime(sent) is var elapsed && elapsed > Worst) Worst = elapsed;
            }
            client.Close();
            await echo;
        }

        private static async Task EchoAsync(NetworkStream stream)
        {
            var received = new byte[1];
            while (await stream.ReadAsync(received) > 0) await stream.WriteAsync(received);
        }
    }
}
