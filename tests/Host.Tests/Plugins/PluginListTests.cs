using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace SharedState.Host.Tests.Plugins;

/// <summary><c>--plugins</c> of the real program, on real plugin folders.</summary>
public sealed partial class PluginListTests : IDisposable
{
    private const string NoServices =
        """{"plugins": ["plugs"], "services": [{"name": "s", "module": "items_service", "config": {"db_type": "sqlite", "db_name": "s.db"}}]}""";

    private static readonly string _standard = Path.Combine(AppContext.BaseDirectory, "plugins");

    private readonly TempFolder _folder = new();

    public PluginListTests() => Directory.CreateDirectory(_folder["plugs"]);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task TheListShowsEverythingThatAnOperatorNeeds()
    {
        var plugin = _folder.CopyPlugin("Memory", "plugs/Memory");
        _folder.Write("my.json", """
            {"plugins": ["plugs"], "services": [
              {"name": "one", "module": "items_service", "config": {"db_type": "memory"}},
              {"name": "two", "module": "items_service", "config": {"db_type": "memory"}},
              {"name": "file", "module": "items_service", "config": {"db_type": "sqlite", "db_name": "data/file.db"}}]}
            """);
        using var host = HostProcess.Start(
            _folder.FullName, ["--plugins", "my.json"], environment: new() { ["XDG_CACHE_HOME"] = _folder["cache"] });
        Assert.Equal(0, await host.ExitAsync());
        Assert.Equal(
            $"""
            ok        TestPlugins.Memory 1.0.0
                      folder    {plugin}
                      contract  1.3
                      serves    items_service: memory
                      used by   one, two
                      sha-256   {Hash(plugin)}
                      config    db_name      path              where the items would be, if they were stored
                                db_table     string = "items"
                                db_password  string
                                size         integer
                                mode         fast|safe         how
                                wait_ms      integer 5-500
                                ssl.enabled  boolean
                      ignored   db_host

            4 plugins in {_standard}, {_folder["plugs"]}: 4 ok
            """.ReplaceLineEndings("\n"),
            host.Output[host.Output.IndexOf("ok        TestPlugins", StringComparison.Ordinal)..]);
        Assert.Contains("ok        Items.Sqlite 1.0.0", host.Lines);
        Assert.Contains("          used by   file", host.Lines);

        // Nothing was opened, loaded or written.
        Assert.Equal(["my.json", "plugs"], new DirectoryInfo(_folder.FullName).GetFileSystemInfos().Select(info => info.Name).Order());
    }

    [Fact]
    public async Task TheListIsAvailableAsJson()
    {
        var plugin = _folder.CopyPlugin("Memory", "plugs/Memory");
        _folder.Write("my.json", NoServices);
        var (list, code) = await ListAsync();
        Assert.Equal(0, code);
        Assert.Equal($"1.0.0 1.3 {Environment.Version}", $"{list["host"]} {list["contract"]} {list["dotnet"]}");
        Assert.Equal([_standard, _folder["plugs"]], list["folders"]!.AsArray().Select(folder => (string)folder!));
        var memory = Find(list, plugin);
        Assert.Equal("TestPlugins.Memory 1.0.0 1.3 ok", $"{memory["name"]} {memory["version"]} {memory["contract"]} {memory["status"]}");
        Assert.Equal("""["items_service"] ["memory"]""", $"{memory["modules"]!.ToJsonString()} {memory["db_types"]!.ToJsonString()}");
        Assert.Equal(Hash(plugin), (string)memory["sha256"]!);
        Assert.Equal(
            """{"key":"wait_ms","type":"integer","required":false,"default":null,"one_of":[],"minimum":5,"maximum":500,"ignored":false,"description":null}""",
            memory["config"]!.AsArray().Single(key => (string)key!["key"]! == "wait_ms")!.ToJsonString());
        var sqlite = Find(list, Path.Combine(_standard, "Items.Sqlite"));
        Assert.Equal("""[{"name":"s","state":null,"reason":null}]""", sqlite["services"]!.ToJsonString());
        Assert.True((bool)sqlite["config"]!.AsArray().Single(key => (string)key!["key"]! == "db_name")!["required"]!);
        Assert.Equal(3306, (int)Find(list, Path.Combine(_standard, "Items.MySql"))["config"]!.AsArray().Single(key => (string)key!["key"]! == "db_port")!["default"]!);
    }

    [Fact]
    public async Task AnUnusablePluginIsListedWithItsReasonAndAFix()
    {
        (string Damage, string Reason, string Fix)[] expected =
        [
            ("newer contract", "is built for contract 1.7; this host has 1.3.",
                "Take a newer host, or a plugin built for contract 1.3."),
            ("next contract", "is built for contract 2.0; this host has 1.3.",
                "Take a newer host, or a plugin built for contract 1.3."),
            ("old contract", "is built for contract 0.9; this host has 1.3.",
                "Take a plugin built for contract 1.0 to 1.3."),
            ("newer .NET", "is built for .NET 99.0; this host runs on .NET VERSION.",
                "Build the plugin for .NET MAJOR, or take a newer host."),
            ("newer Abstractions", "brings its own SharedState.Abstractions.dll 1.7.0, newer than this host's 1.3.0.",
                "Take a newer host, or a plugin built for 1.3."),
            ("native", "lacks the native library runtimes/RID/native/libe_sqlite3.so of SQLite PACKAGE.",
                "Copy the whole build output there."),
            ("library", "lacks Serilog.dll of Serilog 3.1.1.",
                "Copy the whole build output there."),
            ("assembly", "has no file TestPlugins.Memory.dll, which its plugin.json names as \"assembly\".",
                "Copy the whole build output there."),
            ("service", "has no public class in TestPlugins.NoService.dll that implements SharedState.IItemService.",
                "Make that class public, or name the assembly that holds it as \"assembly\" in plugin.json."),
            ("link", "cannot be copied: the plugin folder holds a link, FOLDER/extra.dll; put the file itself there.",
                "Replace links by files."),
            (
                "manifest",
                "is left out: FOLDER/plugin.json:1:44 versoin: unknown field; did you mean \"version\"?; FOLDER/plugin.json:1:125 "
                    + "config.size: \"type\" is missing.",
                "Correct the named mistake."),
            (
                "linked",
                "is left out: FOLDER: a plugin's folder must not be a link; put the folder itself there, or list the one it leads to in "
                    + "\"plugins\".",
                "Correct the named mistake."),
        ];
        foreach (var (damage, _, _) in expected) Damage(damage);
        _folder.Write("my.json", NoServices);
        var (list, code) = await ListAsync();
        Assert.Equal(1, code);
        using var text = HostProcess.Start(_folder.FullName, ["--plugins", "my.json"]);
        Assert.Equal(1, await text.ExitAsync());
        Assert.EndsWith($": 3 ok, {expected.Length} unusable", text.Lines[^1], StringComparison.Ordinal);
        var words = string.Join(' ', text.Output.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries));

        foreach (var (damage, reason, fix) in expected)
        {
            var folder = _folder[$"plugs/{damage}"];
            var plugin = Find(list, folder);
            Assert.Equal("unusable", (string)plugin["status"]!);
            var name = $"{plugin["name"]} {plugin["version"]}".TrimEnd();
            Assert.Equal($"{name} {Fill(reason, folder)}", (string)plugin["reason"]!);
            Assert.Equal(Fill(fix, folder), (string)plugin["fix"]!);
            Assert.Contains(
                $" unusable {name} reason It {Fill(reason, folder)} fix {Fill(fix, folder)} folder {folder} ", words,
                StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task WithCheckAServiceThatDoesNotOpenIsListedWithItsReason()
    {
        _folder.CopyPlugin("ThrowsAtOpen", "plugs/ThrowsAtOpen");
        _folder.Write("my.json", """
            {"plugins": ["plugs"], "services": [
              {"name": "good", "module": "items_service", "config": {"db_type": "sqlite", "db_name": ":memory:"}},
              {"name": "bad", "module": "items_service", "config": {"db_type": "throws_at_open", "fault": "unusable"}}]}
            """);
        using var host = HostProcess.Start(_folder.FullName, ["--plugins", "--check", "my.json"]);
        Assert.Equal(1, await host.ExitAsync());
        Assert.Contains("          used by   good (opens)", host.Lines);
        var begin = host.Lines.ToList().IndexOf("failed    TestPlugins.ThrowsAtOpen 1.0.0");
        Assert.Equal(
            [
                "          reason    It does not run service bad: the file is a photograph.",
                "          fix       Remove that cause in the configuration or in the storage, and start the service again.",
            ],
            host.Lines.Skip(begin + 1).Take(2));
        Assert.Contains("          used by   bad (refused)", host.Lines);
        Assert.EndsWith(": 3 ok, 1 failed", host.Lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task TwoPluginsWithTheSameClaimNameEachOther()
    {
        var (one, two) = (_folder.CopyPlugin("Memory", "plugs/One"), _folder.CopyPlugin("Memory", "plugs/Two"));
        _folder.Write(
            "my.json",
            """{"plugins": ["plugs"], "services": [{"name": "items", "module": "items_service", "config": {"db_type": "memory"}}]}""");
        var (list, code) = await ListAsync();
        Assert.Equal(1, code);
        Assert.Equal(
            $"TestPlugins.Memory 1.0.0 claims db_type \"memory\" of items_service, and so does TestPlugins.Memory 1.0.0 in {two}.",
            (string)Find(list, one)["reason"]!);
        Assert.Equal(
            $"TestPlugins.Memory 1.0.0 claims db_type \"memory\" of items_service, and so does TestPlugins.Memory 1.0.0 in {one}.",
            (string)Find(list, two)["reason"]!);
        Assert.Equal("Remove one of the two, or let one plugin.json name other \"db_types\".", (string)Find(list, one)["fix"]!);
        var service = Assert.Single(list["without_plugin"]!.AsArray())!;
        Assert.Equal("items refused", $"{service["name"]} {service["state"]}");
        Assert.StartsWith("several plugins are for db_type \"memory\": ", (string)service["reason"]!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 0)]
    public async Task AnOlderOrEqualCopyOfTheContractIsRemarkedOnAndNotUsed(ushort major, ushort minor)
    {
        var plugin = _folder.CopyPlugin("Memory", "plugs/Memory");
        var copy = Path.Combine(plugin, "SharedState.Abstractions.dll");
        File.Copy(Path.Combine(AppContext.BaseDirectory, "SharedState.Abstractions.dll"), copy);
        Metadata.PretendVersion(copy, major, minor);
        _folder.Write(
            "my.json",
            """
            {"plugins": ["plugs"], "service": {"port": 0},
             "services": [{"name": "items", "module": "items_service", "config": {"db_type": "memory"}}]}
            """);
        var (list, code) = await ListAsync();
        Assert.Equal(0, code);
        Assert.Equal(
            "brings its own SharedState.Abstractions.dll, which is not used, since the host's is; leave it out by "
                + "ExcludeAssets=\"runtime\" at the reference to it",
            (string)Assert.Single(Find(list, plugin)["remarks"]!.AsArray())!);

        using var check = HostProcess.Start(_folder.FullName, ["--check", "my.json"]);
        Assert.Equal(0, await check.ExitAsync());
        Assert.Contains("  items  ok: TestPlugins.Memory 1.0.0, memory", check.Lines);
    }

    [Fact]
    public async Task WithoutAConfigurationTheFolderBesideTheProgramIsListed()
    {
        using var host = HostProcess.Start(_folder.FullName, ["--plugins"]);
        Assert.Equal(0, await host.ExitAsync());
        Assert.Equal($"3 plugins in {_standard}: 3 ok", host.Lines[^1]);
    }

    [Fact]
    public async Task TheValueOfAReferenceIsNotShown()
    {
        _folder.Write(
            "my.json",
            """{"services": [{"name": "items", "module": "items_service", "config": {"db_type": {"env": "SHAREDSTATE_TEST_TYPE"}}}]}""");
        using var host = HostProcess.Start(
            _folder.FullName, ["--plugins", "my.json"], environment: new() { ["SHAREDSTATE_TEST_TYPE"] = "hush" });
        Assert.Equal(1, await host.ExitAsync());
        Assert.Contains("refused   service items", host.Lines);
        Assert.Contains("db_type \"***\"", host.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("hush", host.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task MistakesInTheFileAreReportedBesideTheList()
    {
        _folder.Write(
            "my.json",
            """{"servces": [], "services": [{"name": "items", "module": "items_service", "config": {"db_type": "sqlite", "db_nmae": "x"}}]}"""
        );
        using var host = HostProcess.Start(_folder.FullName, ["--plugins", "my.json"]);
        Assert.Equal(1, await host.ExitAsync());
        Assert.Contains($"3 plugins in {_standard}: 3 ok", host.Lines);
        Assert.Contains("my.json:1:2 servces: unknown field; did you mean \"services\"?", host.Lines);
        Assert.Contains(
            host.Lines,
            line => line.EndsWith("config.db_nmae: unknown key for Items.Sqlite 1.0.0; did you mean \"db_name\"?", StringComparison.Ordinal)
        );
    }

    /// <summary>Creates a damaged plugin in a folder with the name of the damage.</summary>
    private void Damage(string damage)
    {
        var folder = _folder[$"plugs/{damage}"];
        if (damage == "native") CopySqlite(folder);
        else _folder.CopyPlugin(damage switch { "library" => "PrivateDependency", "service" => "NoService", _ => "Memory" }, damage == "linked" ? "elsewhere" : $"plugs/{damage}");
        var assembly = Path.Combine(folder, "TestPlugins.Memory.dll");
        switch (damage)
        {
            case "newer contract": Metadata.PretendReference(assembly, "SharedState.Abstractions", 1, 7); break;
            case "next contract": Metadata.PretendReference(assembly, "SharedState.Abstractions", 2, 0); break;
            case "old contract": Metadata.PretendReference(assembly, "SharedState.Abstractions", 0, 9); break;
            case "newer .NET": Metadata.PretendReference(assembly, "System.Runtime", 99, 0); break;
            case "newer Abstractions":
                File.Copy(
                    Path.Combine(AppContext.BaseDirectory, "SharedState.Abstractions.dll"),
                    Path.Combine(folder, "SharedState.Abstractions.dll"));
                Metadata.PretendVersion(Path.Combine(folder, "SharedState.Abstractions.dll"), 1, 7);
                break;
            case "native": Directory.Delete(Path.Combine(folder, "runtimes"), recursive: true); break;
            case "library": File.Delete(Path.Combine(folder, "Serilog.dll")); break;
            case "assembly": File.Delete(assembly); break;
            case "link": File.CreateSymbolicLink(Path.Combine(folder, "extra.dll"), "/etc/hostname"); break;
            case "manifest":
                _folder.Write(
                    "plugs/manifest/plugin.json",
                    """{"name": "P", "assembly": "P.dll",         "versoin": "1", "version": "1", "modules": ["items_service"], "config": {"size": {}}}"""
                );
                break;
            case "linked": Directory.CreateSymbolicLink(folder, _folder["elsewhere"]); break;
        }
    }

    private static void CopySqlite(string folder)
    {
        var source = Path.Combine(_standard, "Items.Sqlite");
        foreach (var file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(folder, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
        // A db_type that no other plugin claims.
        var manifest = Path.Combine(folder, "plugin.json");
        File.WriteAllText(manifest, File.ReadAllText(manifest).Replace("[\"sqlite\"]", "[\"other\"]", StringComparison.Ordinal));
    }

    private static string Fill(string sentence, string folder) => sentence
        .Replace("FOLDER", folder, StringComparison.Ordinal)
        .Replace("NET VERSION", $"NET {Environment.Version}", StringComparison.Ordinal)
        .Replace("NET MAJOR", $"NET {Environment.Version.Major}", StringComparison.Ordinal)
        .Replace("PACKAGE", PackageVersion().Match(File.ReadAllText(Path.Combine(_standard, "Items.Sqlite", "SharedState.Items.Sqlite.deps.json"))).Groups[1].Value, StringComparison.Ordinal)
        .Replace("RID", RuntimeInformation.RuntimeIdentifier, StringComparison.Ordinal);

    [GeneratedRegex("\"SQLite/([0-9.]+)\"")]
    private static partial Regex PackageVersion();

    private async Task<(JsonNode List, int Code)> ListAsync()
    {
        using var host = HostProcess.Start(_folder.FullName, ["--plugins", "my.json", "--json"]);
        var code = await host.ExitAsync();
        return (JsonNode.Parse(host.Output)!, code);
    }

    private static JsonNode Find(JsonNode list, string folder) =>
        list["plugins"]!.AsArray().Single(plugin => (string)plugin!["folder"]! == folder)!;

    private static string Hash(string folder) => Host.Plugins.PluginCache.Hash(folder);
}
