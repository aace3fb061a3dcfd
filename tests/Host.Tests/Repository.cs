namespace SharedState.Host.Tests;

/// <summary>Where the sources are, for tests of what the repository holds. Found from the built tests: a build's own paths may be made neutral.</summary>
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
