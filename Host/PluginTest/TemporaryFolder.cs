namespace SharedState.Host.PluginTest;

/// <summary>A temporary folder, deleted by <see cref="Dispose"/>.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("sharedstate-plugin-test-").FullName;

    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Windows does not delete open files. The system cleans its folder of temporary files.
        }
    }
}
