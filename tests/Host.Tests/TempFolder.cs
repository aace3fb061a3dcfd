namespace SharedState.Host.Tests;

/// <summary>A folder that is gone after the test.</summary>
public sealed class TempFolder : IDisposable
{
    public string FullName { get; } = Directory.CreateTempSubdirectory("sharedstate-test-").FullName;

    /// <summary>The test plugins that the build put beside the tests.</summary>
    public static string TestPlugins { get; } = Path.Combine(AppContext.BaseDirectory, "testplugins");

    public string this[string name] => Path.Combine(FullName, name);

    public string Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(this[name])!);
        File.WriteAllText(this[name], text);
        return this[name];
    }

    /// <summary>Copies one of the test plugins to a subfolder, where a test may damage it.</summary>
    public string CopyPlugin(string plugin, string? to = null)
    {
        var target = this[to ?? plugin];
        foreach (var file in Directory.EnumerateFiles(Path.Combine(TestPlugins, plugin), "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(target, Path.GetRelativePath(Path.Combine(TestPlugins, plugin), file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
        return target;
    }

    public void Dispose() => Directory.Delete(FullName, recursive: true);
}
