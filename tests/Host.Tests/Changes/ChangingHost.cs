using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Changes;

/// <summary>A host whose configuration and plugins a test changes while it runs.</summary>
internal sealed class ChangingHost : IDisposable
{
    public const string File = "my.json";

    /// <summary>The configuration's <c>service</c>: the host looks for changes twice as often as by default, so that tests wait
    /// less.</summary>
    public const string Server = """{"port": 0, "limits": {"watch_seconds": 0.25}}""";

    private ChangingHost(TempFolder folder, HostProcess process) => (Folder, Process) = (folder, process);

    public TempFolder Folder { get; }

    public HostProcess Process { get; }

    public string Path => Folder[File];

    /// <summary>Starts a host with these services; plugins may be put into <c>plugs</c>.</summary>
    public static async Task<ChangingHost> StartAsync(TempFolder folder, params string[] services)
    {
        Directory.CreateDirectory(folder["plugs"]);
        if (!System.IO.File.Exists(folder[File])) folder.Write(File, Text(services));
        var process = HostProcess.Start(folder.FullName, [File]);
        await process.UriAsync();
        return new(folder, process);
    }

    /// <summary>A file with these services.</summary>
    public static string Text(params string[] services) =>
        $$"""{"service": {{Server}}, "plugins": ["plugs"], "services": [{{string.Join(",\n", services)}}]}""";

    /// <summary>A service on a file, or in memory.</summary>
    public static string Service(string name, string db = ":memory:", string? table = null, string type = "sqlite")
    {
        var more = table is null ? "" : $", \"db_table\": {table}";
        return $$$"""{"name": "{{{name}}}", "module": "items_service", "config": {"db_type": "{{{type}}}", "db_name": "{{{db}}}"{{{more}}}}}""";
    }

    /// <summary>Writes the file in place.</summary>
    public void Configure(params string[] services) => Folder.Write(File, Text(services));

    /// <summary>How often a line with this text was said.</summary>
    public int Count(string text) => Process.Lines.Count(line => line.Contains(text, StringComparison.Ordinal));

    /// <summary>Waits until a line with this text was said for the n-th time.</summary>
    public Task SaidAsync(string text, int times) =>
        Wait.UntilAsync(() => Count(text) >= times, $"\"{text}\" {times} times in\n{Process.Output}");

    public void Dispose() => Process.Dispose();
}
