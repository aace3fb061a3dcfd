using System.Diagnostics;
using System.Net.Sockets;
using SharedState.Host.Plugins;

namespace SharedState.Host.Tests.Plugins;

/// <summary>Folders with things that are no files of a plugin. Neither a start nor the list of plugins hangs on them.</summary>
public sealed class PluginFilesTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("extra")]
    [InlineData("deep/extra")]
    public void APipeIsRefused(string name)
    {
        var folder = _folder.CopyPlugin("Memory");
        var pipe = Path.Combine(folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(pipe)!);
        MakePipe(pipe);
        Assert.Equal($"the plugin folder holds {pipe}, which is a pipe, a socket or a device; remove it", Refusal(folder));
    }

    [Fact]
    public void ASocketIsRefused()
    {
        var folder = _folder.CopyPlugin("Memory");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(Path.Combine(folder, "extra")));
        Assert.Contains("which is a pipe, a socket or a device", Refusal(folder), StringComparison.Ordinal);
    }

    [Fact]
    public void AnEmptyFileIsOneOfThePlugin()
    {
        var folder = _folder.CopyPlugin("Memory");
        File.WriteAllText(Path.Combine(folder, "empty"), "");
        Assert.Contains("empty", PluginFiles.In(folder).Select(file => file.Name));
    }

    /// <summary>The file has holes for its content, so that it takes no room on the disk.</summary>
    [Fact]
    public void AFolderWithADatabaseInItIsRefusedBeforeItIsRead()
    {
        var folder = _folder.CopyPlugin("Memory");
        using (var file = File.Create(Path.Combine(folder, "items.db"))) file.SetLength(PluginFiles.MostBytes);
        Assert.Contains(
            " MiB of files, more than the 1024 MiB of a plugin; move the files that are no part of it elsewhere",
            Refusal(folder),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task ManifestsThatAreNoOrdinaryFilesAreListedWithTheirFaults()
    {
        _folder.Write("plugs/large/plugin.json", $$"""{"name": "{{new string('x', PluginFiles.ManifestBytes)}}"}""");
        Directory.CreateDirectory(_folder["plugs/pipe"]);
        MakePipe(_folder["plugs/pipe/plugin.json"]);
        Directory.CreateDirectory(_folder["plugs/link"]);
        File.CreateSymbolicLink(_folder["plugs/link/plugin.json"], _folder["elsewhere"]);
        _folder.Write("elsewhere", "{}");
        MakePipe(Path.Combine(_folder.CopyPlugin("Memory", "plugs/good"), "extra"));
        _folder.Write("my.json", """
            {"plugins": ["plugs"], "services": [{"name": "s", "module": "items_service", "config": {"db_type": "sqlite", "db_name": "s.db"}}]}
            """);
        using var list = HostProcess.Start(_folder.FullName, ["--plugins", "my.json"]);
        Assert.Equal(1, await list.ExitAsync());
        var words = string.Join(' ', list.Output.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains(
            $"plugs/large/plugin.json: has {PluginFiles.ManifestBytes + 12} bytes; a manifest has at most 65536",
            words,
            StringComparison.Ordinal);
        Assert.Contains("plugs/pipe/plugin.json: is a pipe, a socket or a device, and not a file", words, StringComparison.Ordinal);
        Assert.Contains("plugs/link/plugin.json: must not be a link; put the file itself there", words, StringComparison.Ordinal);
        Assert.Contains("plugs/good/extra, which is a pipe, a socket or a device; remove it", words, StringComparison.Ordinal);
    }

    private string Refusal(string folder) => Assert.Throws<PluginException>(() => new PluginCache(_folder["cache"]).Copy(folder)).Message;

    private static void MakePipe(string path)
    {
        using var process = Process.Start("mkfifo", [path]);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
