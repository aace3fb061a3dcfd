namespace SharedState.Host.Tests.PluginTest;

/// <summary>A run of <c>sharedstate plugin test</c>, as a process of its own.</summary>
internal static class ReportCard
{
    /// <summary>The folder of a test plugin.</summary>
    public static string Plugin(string name) => Path.Combine(TempFolder.TestPlugins, name);

    public static Task<(int Code, string Card)> TestAsync(string plugin, params string[] arguments) =>
        RunAsync(["plugin", "test", plugin, .. arguments]);

    public static async Task<(int Code, string Card)> RunAsync(string[] arguments)
    {
        using var temporary = new TempFolder();
        using var host = HostProcess.Start(Path.GetTempPath(), arguments, environment: new() { ["TMPDIR"] = temporary.FullName });
        var code = await host.ExitAsync(TimeSpan.FromMinutes(10));

        // Whatever became of the plugin, nothing that it stored stays behind.
        Assert.Empty(Directory.GetDirectories(temporary.FullName, "sharedstate-*"));
        return (code, host.Output);
    }
}
