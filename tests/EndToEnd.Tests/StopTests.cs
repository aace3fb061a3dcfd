using System.Diagnostics;
using System.Net.WebSockets;
using SharedState.Host.Tests.Engine;

namespace SharedState.EndToEnd.Tests;

/// <summary>G13 with the real process.</summary>
public sealed class StopTests
{
    [Fact]
    public async Task SigtermFinishesWhatWasReadSays1001AndExitsWith0()
    {
        using var host = await LiveProcess.StartAsync();
        await using var silent = await Client.ConnectAsync(host.Url); // never reads
        await silent.SendAsync("""{"type":"REQUEST","cmd":"PUT","path":"/subs","arg":{"insert":[["/app/items/a",{}]]},"tunnel":0}""");
        await using var writer = await Client.ConnectAsync(host.Url);
        for (var update = 0; update < 50; update++)
            await writer.SendAsync(
                $$"""{"type":"REQUEST","cmd":"PUT","path":"/app/items/a","arg":{"insert":[{"id":"{{update}}"}]},"tunnel":{{update}}}""");

        // The first answer shows that the requests were read; then the stop comes in their middle.
        Assert.NotNull(await writer.ReceiveTextAsync());
        var stop = Stopwatch.StartNew();
        var ending = host.Process.TerminateAsync();
        var answered = 1;
        while (await writer.ReceiveTextAsync() is not null) answered++;
        Assert.Equal((WebSocketCloseStatus)1001, writer.Socket.CloseStatus);
        Assert.Equal(0, await ending);
        Assert.True(stop.Elapsed < TimeSpan.FromSeconds(10), $"the stop took {stop.Elapsed}");
        Assert.InRange(answered, 1, 50);

        await host.StartAgainAsync();
        await using var reader = await Client.ConnectAsync(host.Url);
        var stored = (await reader.GetAsync("/app/items/a"))["data"]!.AsArray().Count;
        Assert.Equal(answered, stored);
    }

    [Fact]
    public async Task ACleanRestartKeepsPositions()
    {
        using var host = await LiveProcess.StartAsync();
        string epoch;
        await using (var client = await Client.ConnectAsync(host.Url))
        {
            await client.PutAsync("/app/items/a", """{"insert":[{"id":"1"},{"id":"2"}]}""");
            var reply = await client.PutAsync("/app/items/a", """{"remove":["1"],"insert":[{"id":"3"}]}""");
            epoch = (string)reply["epoch"]!;
        }
        Assert.Equal(0, await host.Process.TerminateAsync());
        await host.StartAgainAsync();

        await using var again = await Client.ConnectAsync(host.Url);
        await again.PutAsync("/subs", $$"""{"insert":[["/app/items/a",{"since":1,"epoch":"{{epoch}}"}]]}""");
        var notification = await again.NotificationAsync();
        Assert.Equal("""{"reset":false,"remove":["1"],"insert":[{"id":"3"}]}""", notification["data"]!.ToJsonString());
    }

    [Fact]
    public async Task AnOlderCopyOfTheDatabaseResetsWhoeverWasFurther()
    {
        using var host = await LiveProcess.StartAsync();
        var database = host.Folder["items.db"];
        await using (var client = await Client.ConnectAsync(host.Url)) await client.PutAsync("/app/items/a", """{"insert":[{"id":"1"}]}""");
        await host.Process.TerminateAsync();
        File.Copy(database, database + ".copy");

        await host.StartAgainAsync();
        (long Revision, string Epoch) position;
        await using (var client = await Client.ConnectAsync(host.Url))
        {
            await client.PutAsync("/app/items/a", """{"insert":[{"id":"2"}]}""");
            var reply = await client.PutAsync("/app/items/a", """{"insert":[{"id":"3"}]}""");
            position = ((long)reply["rev"]!, (string)reply["epoch"]!);
        }
        await host.Process.TerminateAsync();
        File.Move(database + ".copy", database, overwrite: true);

        await host.StartAgainAsync();
        await using var again = await Client.ConnectAsync(host.Url);
        for (var update = 0; update < 5; update++) await again.PutAsync("/app/items/a", $$"""{"insert":[{"id":"other-{{update}}"}]}""");
        await again.PutAsync("/subs", $$"""{"insert":[["/app/items/a",{"since":{{position.Revision}},"epoch":"{{position.Epoch}}"}]]}""");
        var notification = await again.NotificationAsync();
        Assert.True((bool)notification["data"]!["reset"]!);
        Assert.Equal(6, notification["data"]!["insert"]!.AsArray().Count);
    }
}
