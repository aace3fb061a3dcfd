using SharedState.Host.Tests.Engine;
using static SharedState.Host.Tests.Engine.RawSocket;

namespace SharedState.Host.Tests.Protocol;

/// <summary>What a client announces costs nothing; what it sends does.</summary>
[Collection(Alone.Name)]
public sealed class PromiseTests
{
    [Fact]
    public async Task APromiseTakesNoMemoryBeforeItsBytesCome()
    {
        await using var host = await LiveHost.StartAsync();
        var sockets = new List<RawSocket>();
        await using var probe = await ConnectAsync(host);
        var before = GC.GetTotalAllocatedBytes();
        for (var count = 0; count < 50; count++)
        {
            sockets.Add(await ConnectAsync(host));
            await sockets[^1].SendBytesAsync(Frame(Binary, new byte[100], promised: 16 << 20)); // 800 MiB, all of it allowed
        }
        foreach (var socket in sockets)
        {
            await socket.SendBytesAsync(new byte[10]);
            await probe.AskAsync("""{"type":"REQUEST","cmd":"GET","path":"/subs"}""");
        }
        var perConnection = (GC.GetTotalAllocatedBytes() - before) / sockets.Count;
        Assert.True(perConnection < 256 << 10, $"{perConnection} bytes a connection");
        foreach (var socket in sockets) await socket.DisposeAsync();
    }
}
