using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using SharedState.Host.JsonFiles;

namespace SharedState.Host.PluginTest;

/// <summary>The promises of a plugin about faults, each with its test.</summary>
internal static class FaultTests
{
    private static readonly TimeSpan ConstructorTime = TimeSpan.FromSeconds(1);

    // The host waits eight seconds for a call; a cancelled call should not take as long.
    private static readonly TimeSpan CancelTime = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static readonly CollectionKey Key = new("app", "collection");

    /// <summary>The promise that all other tests need.</summary>
    public static readonly FaultTest Opens = new(
        "It opens an empty storage within 8 seconds",
        "Do in OpenAsync only the work that the first call needs. A --config may be missing: see --help.",
        async (plugin, storage) =>
        {
            var constructing = Stopwatch.StartNew();
            await Limited.CallAsync("The constructor", Storage.CallTime, () => Task.FromResult(plugin.Create()));
            if (constructing.Elapsed > ConstructorTime)
                throw new TestFailure($"The constructor took {constructing.Elapsed.TotalSeconds:0.0} seconds.");
            await Storage.CloseAsync(await storage.OpenAsync());
        });

    public static readonly IReadOnlyList<FaultTest> All =
    [
        Opens,
        new(
            "A call that is cancelled ends within 5 seconds",
            "Pass the token to the driver's calls, and check it before each step. A call that blocks its thread needs a time limit.",
            (_, storage) => CancelAsync(storage)),
        new(
            "After closing every call throws, and the storage opens again",
            "Throw ItemServiceException or ObjectDisposedException after DisposeAsync; release connections, files and locks there.",
            (_, storage) => CloseAsync(storage)),
        new(
            "An opening that fails or is cancelled leaves no lock",
            "Release locks, connections and files in DisposeAsync, also after an OpenAsync that failed.",
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
            await EndsAsync(
                "CommitAsync", delay, async stop => await service.CommitAsync([new() { Key = Key, Reset = true, Insert = items }], stop));
            await EndsAsync("LoadAsync", delay, async stop => await service.LoadAsync(Key, stop));
            await EndsAsync("ListAsync", delay, async stop =>
            {
                await foreach (var _ in service.ListAsync(null, stop)) stored++;
            });
            var found = (await service.LoadAsync(Key, CancellationToken.None)).Items.Count;
            if (found != 0 && found != items.Length)
                throw new TestFailure($"A commit of {items.Length:N0} items was cancelled; {found:N0} of them are stored.");
        }
        await Storage.CloseAsync(service);
    }

    /// <summary>Opens the storage a second time. The plugin may refuse that, but must not hang.</summary>
    private static async Task<IItemService> OpenOtherAsync(Storage storage, CancellationToken stop) => await storage.OpenAsync(stop: stop);

    /// <summary>Cancels a call before or after its begin. The call must end; it may succeed or throw.</summary>
    private static async Task EndsAsync(string call, int milliseconds, Func<CancellationToken, Task> action)
    {
        using var stop = new CancellationTokenSource();
        if (milliseconds < 0) await stop.CancelAsync();
        else stop.CancelAfter(milliseconds);
        try
        {
            await Limited.CallAsync(
                $"{call}, cancelled,", CancelTime + TimeSpan.FromMilliseconds(Math.Max(0, milliseconds)), () => action(stop.Token));
        }
        catch (Exception e) when (e is not TestFailure)
        {
            // A cancelled call may throw.
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
            await EndsAsync(
                "OpenAsync", 60_000,
                async stop => await Storage.CloseAsync(
                    await storage.OpenAsync(storage.ConfigWith(new Dictionary<string, string> { [key] = value }), stop)));
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
                // Config for a wrong value, Unavailable or Unusable for a value without a target: the host reports each to the operator.
            }
            catch (TestFailure e)
            {
                throw new TestFailure($"{e.Message[..^1]} {shown}.");
            }
            catch (Exception e)
            {
                throw new TestFailure($"OpenAsync throws {e.GetType().Name} {shown}: {e.Message}\n{e.StackTrace}");
            }
        }
    }

    /// <summary>
    /// Values of the right type, which the host accepts, and which are wrong for every storage. The path leads through a file.
    /// </summary>
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
                if (key.Accepts(new JsonNode(JsonValueKind.String, default, TreePath.Root) { Text = value, Referred = true }))
                    yield return (key.Name, value);
            }
        }
    }

    private static async Task CommitAsync(IItemService service, string id) =>
        await service.CommitAsync([new() { Key = Key, Insert = [NewItem(id, 0)] }], CancellationToken.None);

    public static Item NewItem(string id, long value) =>
        new(id, Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""{"id":"{{id}}","value":{{value}}}""")));
}
