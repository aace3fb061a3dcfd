using System.Text.Json.Nodes;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Plugins;

/// <summary>Plugins with a part of a library, as an interrupted copy leaves them, in the real program.</summary>
public sealed class IncompleteLibraryTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task ServicesOfIncompletePluginsDoNotStartAndTheOthersRun()
    {
        // Cut within the headers, the code, the data and the table of sections.
        var whole = new PluginFolder(_folder["whole"], "whole");
        var length = new FileInfo(whole.Library).Length;
        long[] cuts = [0, 50, 3_000, length / 3, length / 2, length * 9 / 10, length - 100];
        var services = new JsonArray();
        for (var index = 0; index < cuts.Length; index++)
        {
            Cut(new PluginFolder(_folder[$"plugs/cut{index}"], $"cut{index}").Library, cuts[index]);
            services.Add(Service($"s{index}", $"cut{index}", $"s{index}.db"));
        }
        Cut(new PluginFolder(_folder["plugs/managed"], "managed").Assembly, 9_000);
        services.Add(Service("managed", "managed", "managed.db"));
        services.Add(Service("file", "sqlite", "file.db"));
        Write(services);

        using (var host = HostProcess.Start(_folder.FullName, ["my.json"]))
        {
            await host.WriteAndReadAsync("file");
            for (var index = 0; index < cuts.Length; index++)
            {
                var line = await host.LineAsync($"Service s{index} does not run");
                var plugin = $"Items.Sqlite 1.0.0 in {_folder[$"plugs/cut{index}"]}";
                Assert.Contains($"{plugin} has an incomplete file: runtimes/", line, StringComparison.Ordinal);
                Assert.Contains($"libe_sqlite3.so has {cuts[index]} bytes", line, StringComparison.Ordinal);
                Assert.EndsWith(". Copy it there again", line, StringComparison.Ordinal);
            }
            var managed = await host.LineAsync("Service managed does not run");
            Assert.Contains("SharedState.Items.Sqlite.dll has 9000 bytes", managed, StringComparison.Ordinal);
            Assert.Equal(0, await host.TerminateAsync());
        }

        using var list = HostProcess.Start(_folder.FullName, ["--plugins", "my.json", "--json"]);
        Assert.Equal(1, await list.ExitAsync());
        var unusable = JsonNode.Parse(list.Output)!["plugins"]!.AsArray()
            .Where(plugin => (string)plugin!["status"]! == "unusable").ToArray();
        Assert.Equal(cuts.Length + 1, unusable.Length);
        Assert.All(unusable, plugin => Assert.Contains(" has an incomplete file: ", (string)plugin!["reason"]!, StringComparison.Ordinal));
        Assert.All(unusable, plugin => Assert.Equal("Copy it there again.", (string)plugin!["fix"]!));

        using var check = HostProcess.Start(_folder.FullName, ["--check", "my.json"]);
        Assert.Equal(1, await check.ExitAsync());
        Assert.Matches("(?m)^  file +ok: Items.Sqlite 1.0.0, sqlite, file.db$", check.Output);
        Assert.Equal(cuts.Length + 1, check.Lines.Count(line => line.Contains("has an incomplete file: ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task AStalledCopyOverARunningPluginIsReportedAndTakenWhenItIsWhole()
    {
        var plugin = new PluginFolder(_folder["plugs/mine"], "mine");
        var library = await File.ReadAllBytesAsync(plugin.Library);
        Write([Service("items", "mine", "items.db")]);
        using var host = HostProcess.Start(_folder.FullName, ["my.json"]);
        await using var client = await host.ConnectAsync();
        await client.PutAsync("/app/items/a", """{"insert":[{"id":"1"}]}""");

        plugin.SetVersion("1.0.1");
        Cut(plugin.Library, library.Length / 2);
        await host.LineAsync($"libe_sqlite3.so has {library.Length / 2} bytes");
        Assert.Equal("""[{"id":"1"}]""", (await client.GetAsync("/app/items/a"))["data"]!.ToJsonString());

        await File.WriteAllBytesAsync(plugin.Library, library);
        await host.LineAsync("Plugin Items.Sqlite 1.0.0 -> 1.0.1");
        await client.PutAsync("/app/items/a", """{"insert":[{"id":"2"}]}""");
        Assert.Equal("""[{"id":"1"},{"id":"2"}]""", (await client.GetAsync("/app/items/a"))["data"]!.ToJsonString());
        Assert.Equal(0, await host.TerminateAsync());
    }

    private static void Cut(string file, long length)
    {
        using var content = new FileStream(file, FileMode.Open, FileAccess.Write);
        content.SetLength(length);
    }

    private static JsonObject Service(string name, string dbType, string dbName) => new JsonObject
    {
        ["name"] = name,
        ["module"] = "items_service",
        ["config"] = new JsonObject { ["db_type"] = dbType, ["db_name"] = dbName },
    };

    private void Write(JsonArray services) => _folder.Write("my.json", new JsonObject
    {
        ["plugins"] = new JsonArray("plugs"),
        ["service"] = new JsonObject { ["port"] = 0 },
        ["services"] = services,
    }.ToJsonString());
}
