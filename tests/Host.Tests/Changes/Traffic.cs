using System.Text.Json.Nodes;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Changes;

/// <summary>
/// One connection that writes to a collection without a pause, and one that follows it: each write must be answered <c>ok</c>, and each
/// must be seen, in order, without a reset.
/// </summary>
internal sealed class Traffic : IAsyncDisposable
{
    private readonly string _path;
    private readonly Client _writer, _follower;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _writing, _following;
    private int _written, _seen = -1, _resets;

    private Traffic(string path, Client writer, Client follower)
    {
        (_path, _writer, _follower) = (path, writer, follower);
        _writing = Task.Run(WriteAsync);
        _following = Task.Run(FollowAsync);
    }

    /// <summary>How many writes were answered.</summary>
    public int Written => Volatile.Read(ref _written);

    /// <summary>Begins, on a collection that nothing else writes to.</summary>
    public static async Task<Traffic> StartAsync(HostProcess host, string path)
    {
        var (writer, follower) = (await host.ConnectAsync(), await host.ConnectAsync());
        var reply = await follower.PutAsync("/subs", $$"""{"insert":[["{{path}}",{}]]}""");
        Assert.True((bool)reply["ok"]!, reply.ToJsonString());
        return new(path, writer, follower);
    }

    /// <summary>Waits until some more writes were answered.</summary>
    public Task GoOnAsync()
    {
        var before = Written;
        return Wait.UntilAsync(
            () =>
            {
                if (_writing.IsFaulted) throw _writing.Exception;
                if (_following.IsFaulted) throw _following.Exception;
                return Written > before + 10;
            },
            $"writes to {_path} go on after {before}");
    }

    /// <summary>Ends. Everything that was written was seen; returns how many resets came after the first.</summary>
    public async Task<int> EndAsync()
    {
        await _stop.CancelAsync();
        await _writing;
        await _following;
        Assert.Equal(Written - 1, _seen);
        var items = (await _writer.GetAsync(_path))["data"]!.AsArray();
        Assert.Equal(Written - 1, (int)items.Single()!["n"]!);
        return _resets;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _writer.DisposeAsync();
        await _follower.DisposeAsync();
        _stop.Dispose();
    }

    private async Task WriteAsync()
    {
        while (!_stop.IsCancellationRequested) await WriteOnceAsync();
        await WriteOnceAsync(); // the follower may wait for one more already
    }

    private async Task WriteOnceAsync()
    {
        var reply = await _writer.PutAsync(_path, $$"""{"insert":[{"id":"a","n":{{Written}}}]}""");
        Assert.True((bool)reply["ok"]!, reply.ToJsonString());
        Interlocked.Increment(ref _written);
    }

    private async Task FollowAsync()
    {
        var first = true;
        while (!_stop.IsCancellationRequested || _seen < Written - 1)
        {
            var data = (await _follower.NotificationAsync())["data"]!;
            if ((bool)data["reset"]! && !first) _resets++;
            first = false;
            if (data["insert"]!.AsArray() is [JsonObject item])
            {
                Assert.True((int)item["n"]! == _seen + 1 || (bool)data["reset"]!, $"after {_seen}: {item.ToJsonString()}");
                _seen = (int)item["n"]!;
            }
        }
        await _writing;
        while (_seen < Written - 1) _seen = (int)(await _follower.NotificationAsync())["data"]!["insert"]![0]!["n"]!;
    }
}
