using System.Diagnostics;
using System.Runtime.Versioning;
using SharedState.Host.Tests.Changes;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Configuration;

/// <summary>Files that somebody else has put where the host reads hold up nothing, and run nothing without being named.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class ForeignFileTests : IDisposable
{
    private const string Special = "cannot be read: it is a pipe, a socket or a device, and not a file";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task AConfigurationThatIsAPipeIsRefused()
    {
        MakePipe("my.json");
        using var host = HostProcess.Start(_folder.FullName, ["my.json"]);
        Assert.Equal(1, await host.ExitAsync());
        Assert.Equal([$"my.json: the file {Special}"], host.Lines);
    }

    [Fact]
    public async Task AReferenceToAPipeOrToALargeFileIsRefused()
    {
        MakePipe("pipe");
        File.CreateSymbolicLink(_folder["link"], _folder["pipe"]);
        _folder.Write("large", new string('x', (1 << 20) + 1));
        _folder.Write("my.json", """{"service": {"host": {"file": "pipe"}, "log": {"file": "link"}, "port": {"file": "large"}}}""");
        using var host = HostProcess.Start(_folder.FullName, ["my.json"]);
        Assert.Equal(1, await host.ExitAsync());
        Assert.Contains($"my.json:1:31 service.host.file: the file pipe {Special}", host.Lines);
        Assert.Contains($"my.json:1:56 service.log.file: the file link {Special}", host.Lines);
        Assert.Contains("my.json:1:82 service.port.file: the file large cannot be read: it has more than 1048576 bytes", host.Lines);
    }

    [Fact]
    public async Task PipesThatAppearWhileTheHostRunsHoldUpNeitherChangesNorTheEnd()
    {
        _folder.Write("name", "items");
        using var host = await ChangingHost.StartAsync(_folder, ServiceOfFile("name"));
        File.Delete(_folder["name"]);
        MakePipe("name");
        Directory.CreateDirectory(_folder["plugs/pipe"]);
        MakePipe("plugs/pipe/plugin.json");
        await host.SaidAsync(Special, 1);
        await host.SaidAsync("plugs/pipe/plugin.json: is a pipe, a socket or a device, and not a file", 1);
        await host.Process.WriteAndReadAsync("items");

        host.Configure(ChangingHost.Service("two"));
        await host.SaidAsync("added two; removed items", 1);
        Assert.Equal(0, await host.Process.TerminateAsync());
    }

    /// <summary>Nothing tells such a file from any other. With a file system of a server that is away it is the same.</summary>
    [LeaseFact]
    public async Task AManifestThatCannotBeOpenedEndsTheStartWithASentence()
    {
        _folder.CopyPlugin("Memory", "plugs/Memory");
        _folder.Write("my.json", ChangingHost.Text(ChangingHost.Service("one")));
        using var lease = new Lease(_folder["plugs/Memory/plugin.json"]);
        foreach (var arguments in new string[][] { ["my.json"], ["--check", "my.json"] })
        {
            using var host = HostProcess.Start(_folder.FullName, arguments);
            Assert.Equal(1, await host.ExitAsync());
            Assert.Equal(
                "the configuration and the plugins could not be read within 10 s: a disk or another computer does not answer, " +
                "or another program holds a file back",
                Assert.Single(host.Lines));
        }
    }

    [LeaseFact]
    public async Task AFileThatCannotBeOpenedHoldsUpNoEnd()
    {
        _folder.Write("name", "items");
        using var host = await ChangingHost.StartAsync(_folder, ServiceOfFile("name"));
        using var lease = new Lease(_folder["name"]);
        await Wait.UntilAsync(() => lease.IsWaitedFor, "the host opens the file");
        await host.Process.WriteAndReadAsync("items");
        Assert.Equal(0, await host.Process.TerminateAsync());
        Assert.True(lease.IsWaitedFor);
        Assert.DoesNotContain("ERR", host.Process.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("FTL", host.Process.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData]
    [InlineData("--check")]
    [InlineData("--plugins", "--check")]
    public async Task TheFileOfTheCurrentFolderRunsNoPluginsUntilItIsNamed(params string[] options)
    {
        _folder.CopyPlugin("Memory", "plugs/Memory");
        _folder.Write("plugins.json", """
            {"plugins": ["plugs"], "service": {"port": 0}, "services": [
              {"name": "items", "module": "items_service", "config": {"db_type": "memory"}}]}
            """);
        using var found = HostProcess.Start(_folder.FullName, options, environment: new() { ["XDG_CACHE_HOME"] = _folder["cache"] });
        Assert.Equal(1, await found.ExitAsync());
        Assert.Equal(
            $"{_folder["plugins.json"]} was found in this folder, and runs the plugins in {_folder["plugs"]}. " +
            "If you trust them, name the file: sharedstate plugins.json",
            Assert.Single(found.Lines));
        Assert.False(Directory.Exists(_folder["cache"]));

        using var named = HostProcess.Start(_folder.FullName, ["plugins.json", "--check"]);
        Assert.Equal(0, await named.ExitAsync());
        using var listed = HostProcess.Start(_folder.FullName, ["--plugins"]); // runs no code
        Assert.Equal(0, await listed.ExitAsync());
    }

    [Fact]
    public async Task ACheckSaysWhichFileItFound()
    {
        _folder.Write("plugins.json", $$"""{"services": [{{ChangingHost.Service("items")}}]}""");
        using var check = HostProcess.Start(_folder.FullName, ["--plugins", "--check"]);
        Assert.Equal(0, await check.ExitAsync());
        Assert.Contains($"checking {_folder["plugins.json"]}", check.Lines);
    }

    [Fact]
    public async Task EverythingThatTheHostMakesIsForItsUserAlone()
    {
        _folder.CopyPlugin("Memory", "plugs/Memory");
        _folder.Write("my.json", ChangingHost.Text(
            ChangingHost.Service("memory", type: "memory"), ChangingHost.Service("file", "data/deep/file.db")));
        using var host = HostProcess.Start(
            _folder.FullName, ["-c", $"umask 0; exec {HostProcess.Program} my.json"], program: "sh",
            environment: new() { ["XDG_CACHE_HOME"] = _folder["cache"] });
        await host.WriteAndReadAsync("file");
        var made = new[] { "cache", "data" }
            .SelectMany(folder => Directory.GetFileSystemEntries(_folder[folder], "*", SearchOption.AllDirectories))
            .Concat([_folder["cache"], _folder["data"]]).ToArray();
        Assert.InRange(made.Length, 10, int.MaxValue);
        const UnixFileMode Own = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        Assert.All(made, path => Assert.Equal((path, UnixFileMode.None), (path, File.GetUnixFileMode(path) & ~Own)));
        Assert.DoesNotContain(" WRN Other users", host.Output, StringComparison.Ordinal);
        Assert.Equal(0, await host.TerminateAsync());
    }

    /// <summary>A service whose name is the text of a file.</summary>
    private static string ServiceOfFile(string file) =>
        ChangingHost.Service("one").Replace("\"one\"", $$"""{"file": "{{file}}"}""", StringComparison.Ordinal);

    private void MakePipe(string name)
    {
        using var process = Process.Start("mkfifo", [_folder[name]]);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
