using System.Diagnostics;
using System.Net.WebSockets;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>G13: a graceful stop finishes what was read, says goodbye to everyone, and ends in time.</summary>
public sealed class StopTests
{
    [Fact]
    public Task AStopUnderLoadAnswersWhatWasReadAndSaysGoodbye() =>
        Setting.RepeatAsync(AStopUnderLoadAnswersWhatWasReadAndSaysGoodbyeOnceAsync);

    private static async Task AStopUnderLoadAnswersWhatWasReadAndSaysGoodbyeOnceAsync()
    {
        var storage = new MemoryStorage();
        await using var host = await LiveHost.StartAsync(storage, limits: new() { OutboxBytes = 32 << 10 });
        var stalled = await Client.ConnectAsync(host.Url); // reads nothing, so that nothing can be said to it
        await stalled.PutAsync("/subs", """{"insert":[["/app/items/0",{}]]}""");
        await using (var filler = await Client.ConnectAsync(host.Url))
        {
            for (var count = 0; count < 60; count++)
                await filler.PutAsync("/app/items/0", $$"""{"insert":[{"id":"x","x":"{{new string('x', 200_000)}}"}]}""");
        }
        var flowing = new CountdownEvent(3);
        var writers = Enumerable.Range(1, 3).Select(index => Task.Run(() => WriteAsync(host, index, flowing))).ToArray();
        await Wait.UntilAsync(() => flowing.IsSet, "updates flow");

        // What was read is being committed when the stop begins, and is stored only once everyone knows of the stop.
        TaskCompletionSource committing = new(), release = new();
        storage.BeforeCommit = (_, _) =>
        {
            committing.TrySetResult();
            return release.Task;
        };
        await committing.Task;
        var clock = Stopwatch.StartNew();
        var stop = host.StopAsync();
        await Assert.ThrowsAsync<WebSocketException>(() => Client.ConnectAsync(host.Url));
        release.SetResult();
        await stop;
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10), $"stopped after {clock.Elapsed}");
        for (var index = 1; index <= 3; index++)
        {
            var (answered, status) = await writers[index - 1];
            Assert.Equal(WebSocketCloseStatus.EndpointUnavailable, status);
            Assert.Equal(storage.Read(new("app", $"{index}")).Position.Revision, answered);
        }
        await stalled.DisposeAsync();
    }

    [Theory]
    [InlineData("commit")]
    [InlineData("load")]
    [InlineData("close")]
    public async Task AStopWithAHangingStorageEndsInTime(string call)
    {
        using var hang = new ManualResetEventSlim();
        var begun = new TaskCompletionSource();
        var storage = new MemoryStorage();
        var limits = new Limits { StorageTime = TimeSpan.FromSeconds(1), StopTime = TimeSpan.FromSeconds(1) };
        var host = await LiveHost.StartAsync(storage, limits: limits);
        await using var client = await Client.ConnectAsync(host.Url);
        await client.PutAsync("/app/items/a", """{"insert":[{"id":"1"}]}""");
        if (call == "load") storage.BeforeLoad = (_, _) => Hang();
        if (call == "commit") storage.BeforeCommit = (_, _) => Hang();
        if (call == "close") storage.BeforeClose = Hang;
        await client.SendAsync(
            $$"""{"type":"REQUEST","cmd":"PUT","path":"/app/items/{{(call == "load" ? "b" : "a")}}","arg":{"insert":[{"id":"2"}]},"tunnel":1}"""
        );
        if (call != "close") await begun.Task;

        var clock = Stopwatch.StartNew();
        await host.StopAsync();
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(6), $"stopped after {clock.Elapsed}");
        Assert.True(begun.Task.IsCompleted, "did not hang");
        hang.Set();
        await host.DisposeAsync();

        Task Hang()
        {
            begun.TrySetResult();
            hang.Wait(CancellationToken.None);
            return Task.CompletedTask;
        }
    }

    /// <summary>Sends as fast as replies come, 16 ahead, until the goodbye; returns how many were answered ok.</summary>
    private static async Task<(long Answered, WebSocketCloseStatus? Status)> WriteAsync(LiveHost host, int index, CountdownEvent flowing)
    {
        await using var client = await Client.ConnectAsync(host.Url);
        var (sent, answered) = (0, 0L);
        while (true)
        {
            try
            {
                for (; sent < answered + 16; sent++)
                    await client.SendAsync(
                        $$"""{"type":"REQUEST","cmd":"PUT","path":"/app/items/{{index}}","arg":{"insert":[{"id":"1","v":{{sent}}}]},"tunnel":{{sent}}}"""
                    );
            }
            catch (WebSocketException)
            {
                // The server reads no more; what it has to say still comes.
            }
            if (await client.ReceiveTextAsync() is not { } reply) return (answered, client.Socket.CloseStatus);
            Assert.Contains("\"ok\":true", reply);
            if (++answered == 50) flowing.Signal();
        }
    }
}
