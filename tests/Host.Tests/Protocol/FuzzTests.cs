using System.Text;
using System.Text.Json.Nodes;
using System.Text.Unicode;
using SharedState.Host.Tests.Engine;
using Xunit.Abstractions;
using static SharedState.Host.Tests.Engine.RawSocket;

namespace SharedState.Host.Tests.Protocol;

/// <summary>
/// No sequence of bytes ends the host or disturbs another connection, and each message gets exactly one reply. 20,000 inputs, or as many
/// as the environment variable SHAREDSTATE_FUZZ says; SHAREDSTATE_SEED repeats a run.
/// </summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private readonly int _inputs = Setting.Number("SHAREDSTATE_FUZZ", 20_000);
    private readonly int _seed = Setting.Number("SHAREDSTATE_SEED", Environment.TickCount);
    private int _accepted, _refused;

    [Fact]
    public async Task EachMessageWhateverItIsGetsExactlyOneReply()
    {
        output.WriteLine($"seed {_seed}");
        var log = new CountingLogger();
        await using var host = await LiveHost.StartAsync(logger: log);
        var random = new Random(_seed);
        var fuzz = new MessageFuzz(random);
        await using var probe = await Probe.StartAsync(host);
        const int Batch = 250;
        for (var done = 0; done < _inputs; done += Batch)
        {
            await using var socket = await ConnectAsync(host);
            var sent = new List<byte[]>(Batch);
            var reading = ReadRepliesAsync(socket, done / Batch);
            while (sent.Count < Batch)
            {
                sent.Add(fuzz.Next());
                await SendInPartsAsync(socket, sent[^1], random);
            }
            await socket.SendAsync($$"""{"type":"REQUEST","cmd":"GET","path":"/subs","tunnel":"end {{done / Batch}}"}""");
            var replies = await reading;
            if (replies != Batch) Assert.Fail($"seed {_seed}: {replies} replies to {Batch} messages; {await FindAsync(host, sent)}");
            await probe.ProveServedAsync(_seed);
        }
        output.WriteLine($"{_accepted} accepted, {_refused} refused");
        Assert.True(
            _accepted > _inputs / 5 && _refused > _inputs / 5,
            $"the inputs are not near enough to what is right: {_accepted} accepted, {_refused} refused");
        Assert.Equal(0, log.Errors);
    }

    [Fact]
    public async Task NoSequenceOfBytesDisturbsAnother()
    {
        output.WriteLine($"seed {_seed}");
        var log = new CountingLogger();
        await using var host = await LiveHost.StartAsync(logger: log, limits: new() { MessageBytes = 1 << 20, UnfinishedBytes = 4 << 20 });
        await using var probe = await Probe.StartAsync(host);
        var inputs = _inputs / 10; // each is a connection of up to twenty frames
        for (var done = 0; done < inputs; done += 50)
        {
            await Task.WhenAll(Enumerable.Range(done, 50).Select(number => SendBrokenAsync(host, new Random(_seed + number))));
            await probe.ProveServedAsync(_seed);
        }
        await Wait.UntilAsync(() => host.Connections == 1, "the broken connections are gone");
        Assert.Equal(0, host.UnfinishedBytes);
        Assert.Equal(0, log.Errors);
    }

    private static async Task SendInPartsAsync(RawSocket socket, byte[] message, Random random)
    {
        var opcode = random.Next(4) == 0 || !Utf8.IsValid(message) ? Binary : Text; // a text that is not UTF-8 ends the connection
        if (random.Next(8) != 0)
        {
            await socket.SendBytesAsync(Frame(opcode, message));
            return;
        }
        for (int from = 0, to; from < message.Length || opcode != Continuation; from = to, opcode = Continuation)
        {
            to = Math.Min(message.Length, from + random.Next(1, 200));
            await socket.SendBytesAsync(Frame(opcode, message.AsSpan(from..to), final: to == message.Length));
        }
    }

    private async Task<int> ReadRepliesAsync(RawSocket socket, int batch)
    {
        for (var replies = 0; ;)
        {
            var text = await socket.ReceiveTextAsync();
            if (text.StartsWith("""{"type":"MESSAGE",""", StringComparison.Ordinal)) continue;
            Assert.StartsWith("""{"type":"REPLY","cmd":""", text);
            if (text.StartsWith($$"""{"type":"REPLY","cmd":"GET","tunnel":"end {{batch}}","ok":true""", StringComparison.Ordinal))
                return replies;
            replies++;
            if (text.Contains("\"ok\":true", StringComparison.Ordinal)) _accepted++;
            else _refused++;
        }
    }

    /// <summary>Which of the messages, each alone, does not get one reply.</summary>
    private async Task<string> FindAsync(LiveHost host, List<byte[]> sent)
    {
        foreach (var message in sent)
        {
            await using var socket = await ConnectAsync(host);
            var reading = ReadRepliesAsync(socket, 0);
            await socket.SendBytesAsync(Frame(Binary, message));
            await socket.SendAsync("""{"type":"REQUEST","cmd":"GET","path":"/subs","tunnel":"end 0"}""");
            try
            {
                if (await reading == 1) continue;
            }
            catch (Exception exception)
            {
                return $"{exception.Message} after {Encoding.UTF8.GetString(message)}";
            }
            return Encoding.UTF8.GetString(message);
        }
        return "none of them alone";
    }

    private static async Task SendBrokenAsync(LiveHost host, Random random)
    {
        await using var socket = await ConnectAsync(host);
        var fuzz = new MessageFuzz(random);
        try
        {
            for (var frames = random.Next(1, 20); frames > 0; frames--)
            {
                var payload = random.Next(10) == 0 ? new byte[random.Next(300_000)] : fuzz.Next();
                var frame = Frame(
                    random.Next(3) == 0 ? random.Next(16) : random.Next(3),
                    payload,
                    random.Next(3) != 0,
                    random.Next(20) != 0,
                    random.Next(20) == 0 ? random.Next(8) : 0,
                    random.Next(20) == 0 ? (ulong)random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64) : null);
                if (random.Next(10) == 0) random.NextBytes(frame.AsSpan(0, random.Next(frame.Length)));
                await socket.SendBytesAsync(frame.AsMemory(0, random.Next(10) == 0 ? random.Next(frame.Length) : frame.Length));
            }
            if (random.Next(2) == 0) socket.EndSending();
        }
        catch (IOException)
        {
            // The host has had enough of it.
        }
    }

    /// <summary>A well-behaved client, served throughout.</summary>
    private sealed class Probe(Client client) : IAsyncDisposable
    {
        private int _value;

        public static async Task<Probe> StartAsync(LiveHost host)
        {
            var client = await Client.ConnectAsync(host.Url);
            await client.PutAsync("/subs", """{"insert":[["/probe/items/probe",{}]]}""");
            await client.NotificationAsync();
            return new(client);
        }

        public async Task ProveServedAsync(int seed)
        {
            var put = await client.PutAsync("/probe/items/probe", $$"""{"insert":[{"id":"1","v":{{++_value}}}]}""");
            JsonNode change = await client.NotificationAsync(), get = await client.GetAsync("/probe/items/probe");
            var expected = $$"""[{"id":"1","v":{{_value}}}]""";
            Assert.True(
                (bool)put["ok"]! && change["data"]!["insert"]!.ToJsonString() == expected && get["data"]!.ToJsonString() == expected,
                $"seed {seed}: {put} {change} {get}");
            Assert.Equal(_value, (long)change["rev"]!);
        }

        public ValueTask DisposeAsync() => client.DisposeAsync();
    }
}
