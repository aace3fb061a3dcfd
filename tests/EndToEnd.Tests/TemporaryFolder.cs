namespace SharedState.EndToEnd.Tests;

/// <summary>A folder for one test, with a configuration of SQLite services on a free port.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("sharedstate-test-").FullName;

    public string Config { get; }

    public TemporaryFolder()
    {
        Config = Write("my.json", """
            {"service": {"host": "127.0.0.1", "port": 0},
             "services": [
               {"name": "items", "module": "items_service", "config": {"db_type": "sqlite", "db_name": "items.db", "db_table": "items"}},
               {"name": "mitems", "module": "items_service", "config": {"db_type": "sqlite", "db_name": ":memory:", "db_table": "items"}}]}
            """);
    }

    public string Write(string name, string text)
    {
        var path = System.IO.Path.Combine(Path, name);
        File.WriteAllText(path, text);
        return path;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
