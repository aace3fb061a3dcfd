namespace SharedState.Host.Tests;

/// <summary>The folder of the sources, found upward from the built tests: a deterministic build does not know its own paths.</summary>
public static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string At(params ReadOnlySpan<string> names) => Path.Combine([Root, .. names]);

    private static string FindRoot()
    {
        var folder = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder, "SharedState.sln"))) folder = Path.GetDirectoryName(folder)!;
        return folder;
    }
}
