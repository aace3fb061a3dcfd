namespace SharedState.Host.Tests;

/// <summary>A folder for one test, deleted at its end.</summary>
public sealed class TempFolder : IDisposable
{
    public string FullName { get; } = Directory.CreateTempSubdirectory("sharedstate-test-").FullName;

    /// <summary>The folder of the test plugins, which the build puts beside the tests.</summary>
    public static string TestPlugins { get; } = Path.Combine(AppContext.BaseDirectory, "testplugins");

    public string this[string name] => Path.Combine(FullName, name);

    public string Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(this[name])!);
        File.WriteAllText(this[name], text);
        return this[name];
    }

    /// <summary>Copies a test plugin to a subfolder, where the test may damage it.</summary>
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
