namespace SharedState.Items.Tests;

/// <summary>A folder for the databases of one test.</summary>
public sealed class TemporaryFolder
{
    private readonly string _path = Directory.CreateTempSubdirectory("items-tests-").FullName;

    /// <summary>The test's database.</summary>
    public string Database => File("test.db");

    /// <summary>A file in the folder.</summary>
    public string File(string name) => Path.Combine(_path, name);

    /// <summary>A service's configuration.</summary>
    public Dictionary<string, string> Config(string table = "items") => new() { ["db_type"] = "sqlite", ["db_name"] = Database, ["db_table"] = table };

    public void Delete() => Directory.Delete(_path, recursive: true);
}
