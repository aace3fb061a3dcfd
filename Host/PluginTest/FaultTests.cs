using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using SharedState.Host.Configuration;

namespace SharedState.Host.PluginTest;

/// <summary>What a plugin promises for the case that something goes wrong, each promise as a test.</summary>
internal static class FaultTests
{
    private static readonly TimeSpan ConstructorTime = TimeSpan.FromSeconds(1);

    // The host waits eight seconds for a call; a cancelled one has no reason to take as long.
    private static readonly TimeSpan CancelTime = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static readonly CollectionKey Key = new("app", "collection");

    /// <summary>The promise without which nothing else can be tested.</summary>
    public static readonly FaultTest Opens = new(
        "It opens an empty storage within 8 seconds",
        "Do in OpenAsync what must be done before the first call, and leave the rest for later. A --config may be missing: --help.",
        async (plugin, storage) =>
        {
            var constructing = Stopwatch.StartNew();
            await Limited.CallAsync("The constructor", Storage.CallTime, () => Task.FromResult(plugin.Create()));
            if (constructing.Elapsed > ConstructorTime) throw new TestFailure($"The constructor took {constructing.Elapsed.TotalSeconds:0.0} seconds.");
            await Storage.CloseAsync(await storage.OpenAsync());
        });

    public static readonly IReadOnlyList<FaultTest> All =
    [
        Opens,
        new(
            "A call that is cancelled ends within 5 seconds",
            "Pass the token on to the driver's calls, and look at it before each step. What blocks its thread must have a time limit of its own.",
            (_, storage) => CancelAsync(storage)),
        new(
            "After closing every call throws, and the storage opens again",
            "Throw ItemServiceException or ObjectDisposedException once DisposeAsync was called; dispose of connections, files and locks there.",
            (_, storage) => CloseAsync(storage)),
        new(
            "An opening that fails or is cancelled leaves no lock",
            "Give back in DisposeAsync, also after an OpenAsync that failed, what was taken: locks, connections, files.",
            (plugin, storage) => FailToOpenAsync(plugin, storage)),
        new(
            "A wrong value in its config is a fault that says so, not a crash",
            "Check each value in OpenAsync, and throw ItemServiceException with ItemServiceFault.Config and the ConfigKey.",
            (plugin, storage) => MisconfigureAsync(plugin, storage)),
    ];

    private static async Task CancelAsync(Storage storage)
    {
        Item[] items = [.. Enumerable.Range(0, 20_000).Select(n => NewItem($"{n}", n))];
        var service = await storage.OpenAsync();
        var stored = 0;
        foreach (var delay in new[] { -1, 0, 5, 20 })
        {
            await EndsAsync("OpenAsync", delay, async stop => await Storage.CloseAsync(await OpenOtherAsync(storage, stop)));
            await EndsAsync("CommitAsync", delay, async stop => await service.CommitAsync([new() { Key = Key, Reset = true, Insert = items }], stop));
            await EndsAsync("LoadAsync", delay, async stop => await service.LoadAsync(Key, stop));
            await EndsAsync("ListAsync", delay, async stop =>
            {
                await foreach (var _ in service.ListAsync(null, stop)) stored++;
            });
            var found = (await service.LoadAsync(Key, CancellationToken.None)).Items.Count;
            if (found != 0 && found != items.Length) throw new TestFailure($"A commit of {items.Length:N0} items was cancelled; {found:N0} of them are stored.");
        }
        await Storage.CloseAsync(service);
    }

    /// <summary>Opens the storage while it is open: that may be refused, but not hang.</summary>
    private static async Task<IItemService> OpenOtherAsync(Storage storage, CancellationToken stop) => await storage.OpenAsync(stop: stop);

    /// <summary>Cancels a call, before it begins or milliseconds after; whether it then succeeds or throws is its own affair.</summary>
    private static async Task EndsAsync(string call, int milliseconds, Func<CancellationToken, Task> action)
    {
        using var stop = new CancellationTokenSource();
        if (milliseconds < 0) await stop.CancelAsync();
        else stop.CancelAfter(milliseconds);
        try
        {
            await Limited.CallAsync($"{call}, cancelled,", CancelTime + TimeSpan.FromMilliseconds(Math.Max(0, milliseconds)), () => action(stop.Token));
        }
        catch (Exception e) when (e is not TestFailure)
        {
            // That it throws is what a cancelled call does.
        }
    }

    private static async Task CloseAsync(Storage storage)
    {
        var service = await storage.OpenAsync();
        await CommitAsync(service, "before");
        await Storage.CloseAsync(service);
        await ThrowsAsync("CommitAsync", () => CommitAsync(service, "after"));
        await ThrowsAsync("LoadAsync", async () => await service.LoadAsync(Key, CancellationToken.None));

        var again = await storage.OpenAgainAsync(Patience);
        var ids = (await again.LoadAsync(Key, CancellationToken.None)).Items.Select(item => item.Id).ToArray();
        if (ids.Contains("after")) throw new TestFailure("A commit after DisposeAsync was stored.");
        await CommitAsync(again, "again");
        await Storage.CloseAsync(again);
    }

    private static async Task ThrowsAsync(string call, Func<Task> action)
    {
        try
        {
            await Limited.CallAsync($"{call} after DisposeAsync", CancelTime, action);
        }
        catch (Exception e) when (e is not TestFailure)
        {
            return;
        }
        throw new TestFailure($"{call} works on after DisposeAsync.");
    }

    private static async Task FailToOpenAsync(TestedPlugin plugin, Storage storage)
    {
        foreach (var milliseconds in new[] { -1, 0, 1, 5 })
        {
            await EndsAsync("OpenAsync", milliseconds, async stop => await Storage.CloseAsync(await storage.OpenAsync(stop: stop)));
        }
        foreach (var (key, value) in WrongValues(plugin))
        {
            await EndsAsync("OpenAsync", 60_000, async stop => await Storage.CloseAsync(await storage.OpenAsync(storage.ConfigWith(new Dictionary<string, string> { [key] = value }), stop)));
        }
        var service = await storage.OpenAgainAsync(Patience);
        await CommitAsync(service, "a");
        await Storage.CloseAsync(service);
    }

    private static async Task MisconfigureAsync(TestedPlugin plugin, Storage storage)
    {
        File.WriteAllText(Path.Combine(storage.Folder, "file"), "");
        foreach (var (key, value) in WrongValues(plugin))
        {
            var shown = $"with \"{key}\": {JsonSerializer.Serialize(value)}";
            try
            {
                await Storage.CloseAsync(await storage.OpenAsync(storage.ConfigWith(new Dictionary<string, string> { [key] = value })));
            }
            catch (ItemServiceException)
            {
                // Config where the value itself is wrong; Unavailable or Unusable where only its meaning is. The operator is told.
            }
            catch (TestFailure e)
            {
                throw new TestFailure($"{e.Message[..^1]} {shown}.");
            }
            catch (Exception e)
            {
                throw new TestFailure($"OpenAsync throws {e.GetType().Name} {shown}: {e.Message}");
            }
        }
    }

    /// <summary>Values that the host lets pass, since their type is right, and that no storage can mean. The path leads through a file.</summary>
    private static IEnumerable<(string Key, string Value)> WrongValues(TestedPlugin plugin)
    {
        foreach (var key in plugin.Manifest.Config ?? [])
        {
            if (key.Ignored || key.Name == "db_type") continue;
            string[] values = key.Type switch
            {
                "integer" => ["-1", "0", "2147483648", "9223372036854775807"],
                "boolean" => [],
                "path" => ["", "\0", "file/below"],
                _ => ["", "\0", new string('x', 5_000)],
            };
            foreach (var value in values)
            {
                if (key.Accepts(new JsonNode(JsonValueKind.String, default, "") { Text = value, Referred = true })) yield return (key.Name, value);
            }
        }
    }

    private static async Task CommitAsync(IItemService service, string id) => await service.CommitAsync([new() { Key = Key, Insert = [NewItem(id, 0)] }], CancellationToken.None);

    public static Item NewItem(string id, long value) => new(id, Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""{"id":"{{id}}","value":{{value}}}""")));
}
