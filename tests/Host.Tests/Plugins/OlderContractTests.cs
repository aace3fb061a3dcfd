using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using SharedState.Host.Plugins;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Plugins;

/// <summary>A plugin that was compiled when the contract was at version 1.0 (tests/TestPlugins/Contract10), in the host of today.</summary>
public sealed class OlderContractTests : IDisposable
{
    private static readonly string _plugin = Repository.At("tests", "TestPlugins", "Contract10", "plugin");

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ThePluginIsOneOfContract10AndThisHostIsNewer()
    {
        using var image = new PEReader(File.OpenRead(Path.Combine(_plugin, "Contract10.dll")));
        var metadata = image.GetMetadataReader();
        var reference = metadata
            .AssemblyReferences.Select(metadata.GetAssemblyReference)
            .Single(reference => metadata.GetString(reference.Name) == "SharedState.Abstractions");
        Assert.Equal(new Version(1, 0, 0, 0), reference.Version);
        Assert.True(typeof(IItemService).Assembly.GetName().Version > reference.Version);
    }

    [Fact]
    public async Task AnOlderPluginStoresReadsListsAndNotifiesSubscribers()
    {
        using var host = Start("""{"db_type": "kept", "size": 7}""");
        await host.LineAsync("Service items: Contract10 1.0.0, kept");
        await host.LineAsync("(items, 7) is open");
        await using var reader = await host.ConnectAsync();
        await using var writer = await host.ConnectAsync();

        await reader.PutAsync("/subs", """{"insert":[["/app/items/a",{}]]}""");
        Assert.Equal("""{"reset":true,"remove":[],"insert":[]}""", Data(await reader.NotificationAsync()));
        Assert.Equal("2", Data(await writer.PutAsync("/app/items/a", """{"insert":[{"id":"1","v": 1.00},{"id":"2"}]}""")));
        Assert.Equal("""{"reset":false,"remove":[],"insert":[{"id":"1","v":1.00},{"id":"2"}]}""", Data(await reader.NotificationAsync()));
        await writer.PutAsync("/app/items/a", """{"remove":["2","none"]}""");
        Assert.Equal("""{"reset":false,"remove":["2"],"insert":[]}""", Data(await reader.NotificationAsync()));
        Assert.Equal("""[{"id":"1","v":1.00}]""", Data(await writer.GetAsync("/app/items/a")));
        Assert.Equal("""["a"]""", Data(await writer.GetAsync("/app/items")));
        Assert.Equal(0, await host.TerminateAsync());
    }

    [Fact]
    public async Task AClientThatReconnectsGetsTheDifference()
    {
        using var host = Start("""{"db_type": "kept"}""");
        await using var client = await host.ConnectAsync();
        var reply = await client.PutAsync("/app/items/a", """{"insert":[{"id":"1"},{"id":"2"}]}""");
        await client.PutAsync("/app/items/a", """{"remove":["1"],"insert":[{"id":"3"}]}""");
        await using var again = await host.ConnectAsync();
        await again.PutAsync("/subs", $$"""{"insert":[["/app/items/a",{"since":1,"epoch":"{{reply["epoch"]}}"}]]}""");
        Assert.Equal("""{"reset":false,"remove":["1"],"insert":[{"id":"3"}]}""", Data(await again.NotificationAsync()));
    }

    [Fact]
    public async Task StoredItemsComeBackInTheHostsOwnTypes()
    {
        var plugin = Plugin.Load(PluginManifest.Read(_plugin, out _)!, new PluginCache(_folder["cache"]).Copy(_plugin));
        await using var service = plugin.Create();
        await service.OpenAsync(new() { ServiceName = "x", Config = new Dictionary<string, string>(), BaseDirectory = "/", Logger = NullLogger.Instance }, default);
        var key = new CollectionKey("app", "a");
        var first = await service.CommitAsync([new() { Key = key, Reset = true, Insert = [new("1", "{}"u8.ToArray()), new("2", "{}"u8.ToArray())] }], default);
        var second = await service.CommitAsync(
            [
                new() { Key = key, Expected = first[0].Position, Remove = ["1"] },
                new() { Key = key, Expected = first[0].Position, Remove = ["2"] },
                new() { Key = key, Remove = ["none"] },
            ],
            default);
        Assert.Equal([CommitStatus.Committed, CommitStatus.Conflict, CommitStatus.Unchanged], second.Select(result => result.Status));
        var stored = await service.LoadAsync(key, default);
        Assert.Equal(second[2].Position, stored.Position);
        Assert.Equal((2, 1, "2"), (stored.Position.Revision, stored.HistoryStart, Assert.Single(stored.Items).Id));
        Assert.Equal([new Tombstone("1", 2)], stored.Tombstones);
        Assert.False(service.CommitsAtOnce);
        Assert.IsNotAssignableFrom<IItemFeed>(service);
    }

    [Fact]
    public async Task AConfigFaultOfTheOlderPluginHasItsPlaceInTheFile()
    {
        using var host = Start("""{"db_type": "kept", "locked": true}""");
        Assert.Equal(1, await host.ExitAsync());
        Assert.EndsWith(
            "Service items does not run: my.json:1:146 services[0].config.locked: \"locked\" must be false",
            await host.LineAsync("does not run"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task APluginForALaterContractIsRefusedAndTheOthersRun()
    {
        Copy();
        Metadata.PretendReference(_folder["plugs/Contract10/Contract10.dll"], "SharedState.Abstractions", 1, 4);
        _folder.Write("my.json", """
            {"plugins": ["plugs"], "service": {"port": 0}, "services": [
              {"name": "later", "module": "items_service", "config": {"db_type": "kept"}},
              {"name": "file", "module": "items_service", "config": {"db_type": "sqlite", "db_name": ":memory:"}}]}
            """);
        using var host = HostProcess.Start(_folder.FullName, ["my.json"]);
        Assert.EndsWith(
            $"Service later does not run: Contract10 1.0.0 in {_folder["plugs/Contract10"]} is built for contract 1.4; this host has 1.3. Take a newer host, or a plugin built for contract 1.3",
            await host.LineAsync("Service later does not run"),
            StringComparison.Ordinal);
        await host.WriteAndReadAsync("file");
        Assert.Equal(0, await host.TerminateAsync());
    }

    private void Copy()
    {
        Directory.CreateDirectory(_folder["plugs/Contract10"]);
        foreach (var file in Directory.GetFiles(_plugin)) File.Copy(file, _folder[$"plugs/Contract10/{Path.GetFileName(file)}"]);
    }

    private HostProcess Start(string config)
    {
        Copy();
        _folder.Write(
            "my.json",
            $$"""{"plugins": ["plugs"], "service": {"port": 0}, "services": [{"name": "items", "module": "items_service", "config": {{config}}}]}"""
        );
        return HostProcess.Start(_folder.FullName, ["my.json"]);
    }

    private static string Data(JsonNode message) => message["data"]!.ToJsonString();
}
