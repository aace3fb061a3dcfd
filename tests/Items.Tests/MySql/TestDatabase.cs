using System.Globalization;

namespace SharedState.Items.Tests.MySql;

/// <summary>A database of one test, which is not there before a service makes it.</summary>
public sealed class TestDatabase
{
    private static int _count;

    private TestDatabase(MariaDbServer server) => Server = server;

    public MariaDbServer Server { get; }

    public string Name { get; } = $"test {Interlocked.Increment(ref _count)}";

    /// <param name="server">Where; null for the one that tests share.</param>
    public static async Task<TestDatabase> CreateAsync(MariaDbServer? server = null) => new(server ?? await MariaDbServer.SharedAsync());

    /// <summary>A service's configuration.</summary>
    public Dictionary<string, string> Config(
        string table = "items", string user = MariaDbServer.User, string password = MariaDbServer.Password) =>
        new()
        {
            ["db_type"] = "mysql",
            ["db_name"] = Name,
            ["db_table"] = table,
            ["db_host"] = "127.0.0.1",
            ["db_port"] = Server.Port.ToString(CultureInfo.InvariantCulture),
            ["db_user"] = user,
            ["db_password"] = password,
        };

    /// <summary>Runs SQL in the database as another program does.</summary>
    public Task<List<string>> SqlAsync(string sql) => Server.SqlAsync(sql, Name);

    public Task DropAsync() => Server.SqlAsync($"DROP DATABASE IF EXISTS `{Name}`");
}
