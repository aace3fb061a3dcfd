namespace SharedState.Items.Tests;

/// <summary>A folder for the databases of one test.</summary>
public sealed class TemporaryFolder
{
    /// <summary>The folder.</summary>
    public string Path { get; } = Directory.CreateTempSubdirectory("items-tests-").FullName;

    /// <summary>The test's database.</summary>
    public string Database => File("test.db");

    /// <summary>A file in the folder.</summary>
    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>A service's configuration.</summary>
    public Dictionary<string, string> Config(string table = "items") => new() { ["db_type"] = "sqlite", ["db_name"] = Database, ["db_table"] = table };

    public void Delete() => Directory.Delete(Path, recursive: true);
}
