using Microsoft.Extensions.Logging.Abstractions;
using SharedState.Host.Storages;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Diagnostics;

/// <summary>An expected failure of a storage is one log line; an unexpected one has a stack trace.</summary>
public sealed class FailureLineTests : IDisposable
{
    private static readonly CollectionKey Key = new("app", "chnl");

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task AnExpectedFailureIsOneLineWithItsCause()
    {
        var failure = await FailureAsync(
            new ItemServiceException(ItemServiceFault.Unavailable, "x.db is locked", new IOException("error 5")));
        Assert.Equal("x.db is locked (error 5)", WriterLog.Reason(failure));
        Assert.Null(WriterLog.Trace(failure));
        failure = await FailureAsync(
            new ItemServiceException(ItemServiceFault.Unavailable, "the disk failed: error 5", new IOException("error 5")));
        Assert.Equal("the disk failed: error 5", WriterLog.Reason(failure));
    }

    [Fact]
    public async Task APluginThatNoticesItsCancellationCausesNoUnexpectedFailure()
    {
        var failure = await FailureAsync(
            stop => Task.Delay(Timeout.Infinite, stop), new() { StorageTime = TimeSpan.FromMilliseconds(200) });
        Assert.Equal("the storage does not answer", WriterLog.Reason(failure));
        Assert.Null(WriterLog.Trace(failure));
    }

    [Fact]
    public async Task AnUnexpectedFailureHasAStackTrace()
    {
        var failure = await FailureAsync(new InvalidOperationException("boom"));
        Assert.Equal("the plugin threw an exception that is no ItemServiceException (boom)", WriterLog.Reason(failure));
        Assert.IsType<InvalidOperationException>(WriterLog.Trace(failure));
    }

    [Fact]
    public async Task ASecondHostOnTheSameFileLogsOneLine()
    {
        _folder.Write("my.json", """
            {"service": {"port": 0}, "services": [{"name": "items", "module": "items_service", "config": {"db_type": "sqlite", "db_name": "x.db"}}]}
            """);
        using var first = HostProcess.Start(_folder.FullName, ["my.json"]);
        await first.LineAsync("Doors:");
        using var second = HostProcess.Start(_folder.FullName, ["my.json"]);
        await second.LineAsync("not open yet: table items of ");
        await second.LineAsync("Doors:");
        Assert.Equal(0, await second.TerminateAsync());
        Assert.DoesNotContain(second.Lines, line => line.StartsWith(' '));
    }

    private static Task<ItemServiceException> FailureAsync(Exception exception) => FailureAsync(_ => throw exception, new());

    private static async Task<ItemServiceException> FailureAsync(Func<CancellationToken, Task> load, Limits limits)
    {
        var storage = new MemoryStorage { BeforeLoad = (_, stop) => load(stop) };
        var context = new ItemServiceContext { ServiceName = "x", Config = new Dictionary<string, string>(), BaseDirectory = "/", Logger = NullLogger.Instance };
        await using var service = new ServiceStorage(new(() => storage.CreateService(), context), limits, TimeProvider.System);
        await service.OpenAsync(default);
        return await Assert.ThrowsAsync<ItemServiceException>(() => service.LoadAsync(Key));
    }
}
