using SharedState.Host.Plugins;

namespace SharedState.Host.Tests.Plugins;

/// <summary>Real plugin folders, each with another fault: the message says how to repair it.</summary>
public sealed class PluginFailureTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("NoService", "has no public class in TestPlugins.NoService.dll that implements SharedState.IItemService")]
    [InlineData("TwoServices", "has several services, TestPlugins.One and TestPlugins.Two; only one class may be public")]
    public void ExactlyOnePublicServiceIsWanted(string plugin, string expected) =>
        Assert.Contains(expected, Failure(_folder.CopyPlugin(plugin)), StringComparison.Ordinal);

    [Fact]
    public void AConstructorThatThrowsIsNamedWithItsReason()
    {
        var plugin = Load(_folder.CopyPlugin("ThrowsInConstructor"));
        Assert.Equal(
            "the constructor of TestPlugins.Service in TestPlugins.ThrowsInConstructor 1.0.0 failed: InvalidOperationException: the moon "
                + "is in the wrong phase",
            Assert.Throws<ItemServiceException>(plugin.Create).Message);
    }

    [Fact]
    public void AMissingAssemblyIsNamed()
    {
        var folder = _folder.CopyPlugin("Memory");
        File.Delete(Path.Combine(folder, "TestPlugins.Memory.dll"));
        Assert.Equal(
            $"TestPlugins.Memory 1.0.0 in {folder} has no file TestPlugins.Memory.dll, which its plugin.json names as \"assembly\". Copy "
                + "the whole build output there",
            Failure(folder));
    }

    [Fact]
    public void AMissingOrDamagedDepsFileIsNamed()
    {
        var folder = _folder.CopyPlugin("Memory");
        var deps = Path.Combine(folder, "TestPlugins.Memory.deps.json");
        File.WriteAllText(deps, "{\"targets\": ");
        Assert.Contains("has a damaged TestPlugins.Memory.deps.json", Failure(folder), StringComparison.Ordinal);
        File.WriteAllText(deps, "{}");
        Assert.Contains("has a damaged TestPlugins.Memory.deps.json", Failure(folder), StringComparison.Ordinal);
        File.Delete(deps);
        Assert.Contains("has no TestPlugins.Memory.deps.json", Failure(folder), StringComparison.Ordinal);
    }

    [Fact]
    public void AMissingLibraryIsNamed()
    {
        var folder = _folder.CopyPlugin("PrivateDependency");
        File.Delete(Path.Combine(folder, "Serilog.dll"));
        Assert.Contains("lacks Serilog.dll of Serilog 3.1.1. Copy the whole build output there", Failure(folder), StringComparison.Ordinal);
    }

    [Fact]
    public void AFileThatIsNoAssemblyIsNamed()
    {
        var folder = _folder.CopyPlugin("Memory");
        File.WriteAllText(Path.Combine(folder, "TestPlugins.Memory.dll"), "no assembly");
        Assert.Contains("has a TestPlugins.Memory.dll that is no .NET assembly", Failure(folder), StringComparison.Ordinal);
    }

    [Fact]
    public void TheRefusalOfANewerContractNamesBothVersions()
    {
        var folder = _folder.CopyPlugin("Memory");
        Metadata.PretendReference(Path.Combine(folder, "TestPlugins.Memory.dll"), "SharedState.Abstractions", major: 1, minor: 7);
        Assert.EndsWith(
            "is built for contract 1.7; this host has 1.3. Take a newer host, or a plugin built for contract 1.3", Failure(folder),
            StringComparison.Ordinal);
    }

    [Fact]
    public void TheRefusalOfANewerDotNetNamesBothVersions()
    {
        var folder = _folder.CopyPlugin("Memory");
        Metadata.PretendReference(Path.Combine(folder, "TestPlugins.Memory.dll"), "System.Runtime", major: 99, minor: 0);
        Assert.Contains($"is built for .NET 99.0; this host runs on .NET {Environment.Version}", Failure(folder), StringComparison.Ordinal);
    }

    [Fact]
    public void ALinkInThePluginFolderIsRefused()
    {
        var folder = _folder.CopyPlugin("Memory");
        File.CreateSymbolicLink(Path.Combine(folder, "extra.dll"), "/etc/hostname");
        Assert.Equal($"the plugin folder holds a link, {Path.Combine(folder, "extra.dll")}; put the file itself there", Failure(folder));
    }

    [Fact]
    public void APluginFolderThatIsALinkIsLeftOut()
    {
        _folder.CopyPlugin("Memory", "elsewhere/Memory");
        Directory.CreateDirectory(_folder["plugs"]);
        Directory.CreateSymbolicLink(_folder["plugs/Memory"], _folder["elsewhere/Memory"]);
        var folders = PluginFolders.Scan(_folder["plugs"], [], PluginPins.None);
        Assert.Empty(folders.Manifests);
        Assert.Equal(
            $"{_folder["plugs/Memory"]}: a plugin's folder must not be a link; put the folder itself there, or list the one it leads to in \"plugins\"",
            Assert.Single(folders.Mistakes).ToString());
        Assert.Single(PluginFolders.Scan(_folder["plugs"], [_folder["elsewhere/Memory"]], PluginPins.None).Manifests);
    }

    [Theory]
    [InlineData("\"assembly\": \"../x.dll\"", "must be the bare name of a file in the plugin's folder")]
    [InlineData("\"assembly\": \"x.dll\", \"modles\": 1", "unknown field; did you mean \"modules\"?")]
    [InlineData(
        "\"assembly\": \"x.dll\", \"db_types\": [\"My-SQL\"]",
        "must be 1-64 lower-case letters, digits and underscores, starting with a letter")]
    [InlineData("\"assembly\": \"x.dll\", \"config\": {\"size\": {}}", "config.size: \"type\" is missing")]
    [InlineData(
        "\"assembly\": \"x.dll\", \"config\": {\"size\": {\"type\": \"integer\", \"default\": \"x\"}}",
        "config.size.default: must be a whole number, as this key's other fields say, not a string")]
    [InlineData(
        "\"assembly\": \"x.dll\", \"config\": {\"size\": {\"type\": \"integer\", \"default\": 4, \"minimum\": 5}}",
        "config.size.default: must be a whole number, 5 or more, as this key's other fields say, not 4")]
    [InlineData(
        "\"assembly\": \"x.dll\", \"config\": {\"size\": {\"type\": \"integer\", \"minimum\": 5, \"maximum\": 4}}",
        "config.size.minimum: is more than \"maximum\"")]
    [InlineData(
        "\"assembly\": \"x.dll\", \"config\": {\"size\": {\"type\": \"string\", \"maximum\": 4}}",
        "config.size.maximum: is for \"type\": \"integer\" only")]
    [InlineData(
        "\"assembly\": \"x.dll\", \"config\": {\"mode\": {\"type\": \"integer\", \"one_of\": [\"a\"]}}",
        "config.mode.one_of: is for \"type\": \"string\" only")]
    [InlineData(
        "\"assembly\": \"x.dll\", \"config\": {\"mode\": {\"type\": \"string\", \"default\": \"c\", \"one_of\": [\"a\", \"b\"]}}",
        "config.mode.default: must be \"a\" or \"b\", as this key's other fields say, not \"c\"")]
    [InlineData(
        "\"assembly\": \"x.dll\", \"config\": {\"mode\": {\"type\": \"string\", \"default\": \"c\", \"required\": true}}",
        "config.mode.default: a key that is required needs no default, since its value is always there; leave one of them out")]
    public void AMistakeInAManifestHasItsPlace(string fields, string expected)
    {
        _folder.Write("P/plugin.json", $$"""{"name": "P", "version": "1", "modules": ["items_service"], {{fields}}}""");
        var folders = PluginFolders.Scan(_folder.FullName, [], PluginPins.None);
        Assert.Empty(folders.Manifests);
        Assert.EndsWith(expected, Assert.Single(folders.Mistakes).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task APluginKeepsItsOwnVersionOfALibraryThatTheHostHasToo()
    {
        var plugin = Load(_folder.CopyPlugin("PrivateDependency"));
        await using var service = plugin.Create();
        var context = new ItemServiceContext { ServiceName = "x", Config = new Dictionary<string, string>(), BaseDirectory = "/", Logger = Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance };
        var version = await Assert.ThrowsAsync<ItemServiceException>(async () => await service.OpenAsync(context, default));
        Assert.Equal("Serilog 2.0.0.0", version.Message);
        Assert.NotEqual(2, typeof(Serilog.ILogger).Assembly.GetName().Version!.Major);
    }

    private Plugin Load(string folder) => Plugin.Load(PluginManifest.Read(folder, out _)!, new PluginCache(_folder["cache"]).Copy(folder));

    private string Failure(string folder) => Assert.Throws<PluginException>(() => Load(folder)).Message;
}
