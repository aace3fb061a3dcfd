using MySqlConnector;

namespace SharedState.Items.Tests.MySql;

/// <summary>A real MariaDB on a free port, with a folder of its own. Tests kill it and start it again.</summary>
public sealed class MariaDbServer : IAsyncDisposable
{
    public const string User = "tester", Password = "tester's \"secret\"";

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);
    private static readonly Lazy<Task<string>> _template = new(InstallAsync);
    private static readonly Lazy<Task<MariaDbServer>> _shared = new(() => StartAsync());

    private readonly ServerProcess _process = new();
    private readonly string[] _options;
    private int _copies;

    private MariaDbServer(string[] options) => _options = options;

    /// <summary>Why tests that need MariaDB are skipped; null if it is installed.</summary>
    public static string? Missing { get; } =
        ServerProcess.Missing("mariadbd", "mariadb-server") ?? ServerProcess.Missing("mariadb-install-db", "mariadb-server");

    public int Port { get; } = ServerProcess.FreePort();

    private string DataFolder => File("data");

    /// <summary>The server that all tests share which neither kill nor configure it. It ends with the tests.</summary>
    public static Task<MariaDbServer> SharedAsync() => _shared.Value;

    /// <summary>Starts a server for one test.</summary>
    /// <param name="options">Options of mariadbd.</param>
    public static async Task<MariaDbServer> StartAsync(params string[] options)
    {
        var server = new MariaDbServer(options);
        await ServerProcess.RunAsync("cp", "-R", await _template.Value, server.DataFolder);
        await System.IO.File.WriteAllTextAsync(
            server.File("init.sql"),
            $"CREATE USER IF NOT EXISTS '{User}'@'%' IDENTIFIED BY '{Password.Replace("'", "''", StringComparison.Ordinal)}';\nGRANT ALL ON *.* TO '{User}'@'%' WITH GRANT OPTION;\n"
        );
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>Starts the server, for the first time or after a kill. Returns when it answers.</summary>
    public async Task StartAgainAsync()
    {
        await _process.StartAsync(
            ServerProcess.Find("mariadbd")!,
            [
                // Each server has its own folder for temporary tables, because a starting server deletes the tables that it finds there.
                "--no-defaults", $"--datadir={DataFolder}", $"--tmpdir={_process.Folder}", $"--socket={File("s")}", $"--port={Port}",
                "--bind-address=127.0.0.1", "--skip-name-resolve",
                $"--pid-file={File("pid")}", $"--log-error={File("error.log")}", $"--init-file={File("init.sql")}",
                $"--user={Environment.UserName}", "--innodb-buffer-pool-size=64M", "--max-connections=400", .. _options,
            ]);
        var deadline = DateTime.UtcNow + _patience;
        while (!await AnswersAsync())
        {
            if (DateTime.UtcNow > deadline)
                throw new InvalidOperationException($"MariaDB did not start: {await System.IO.File.ReadAllTextAsync(File("error.log"))}");
            await Task.Delay(20);
        }
    }

    /// <summary>The files in which MariaDB describes the tables of a database.</summary>
    public string[] TableFiles(string database) =>
        Directory.GetFiles(Path.Combine(DataFolder, database.Replace(" ", "@0020", StringComparison.Ordinal)), "*.frm");

    /// <summary>Makes a copy of the server's files, as a snapshot of its disk is: the server is killed for it, and started again.</summary>
    /// <returns>Where the copy is.</returns>
    public async Task<string> CopyAsync()
    {
        var copy = File($"copy{++_copies}");
        await KillAsync();
        await ServerProcess.RunAsync("cp", "-R", DataFolder, copy);
        await StartAgainAsync();
        return copy;
    }

    /// <summary>Puts a copy in the place of the server's files.</summary>
    public async Task RestoreAsync(string copy)
    {
        await KillAsync();
        Directory.Delete(DataFolder, recursive: true);
        await ServerProcess.RunAsync("cp", "-R", copy, DataFolder);
        await StartAgainAsync();
    }

    /// <summary>Ends the server by kill -9, as if by a power cut.</summary>
    public Task KillAsync() => _process.KillAsync();

    /// <summary>Sends a signal, named without SIG, to the server.</summary>
    public Task SignalAsync(string name) => _process.SignalAsync(name);

    /// <summary>The connection string, by default for the user of the tests, who has all rights.</summary>
    public string ConnectionString(string database = "", string user = User, string password = Password) => new MySqlConnectionStringBuilder
    {
        Server = "127.0.0.1",
        Port = (uint)Port,
        UserID = user,
        Password = password,
        Database = database,
        Pooling = false,
    }.ConnectionString;

    /// <summary>
    /// Runs SQL as another program does: on a connection of its own. Returns the rows of all results, their columns separated by |.
    /// </summary>
    public async Task<List<string>> SqlAsync(string sql, string database = "", string user = User, string password = Password)
    {
        await using var connection = new MySqlConnection(ConnectionString(database, user, password));
        await connection.OpenAsync();
        return await SqlAsync(connection, sql);
    }

    public static async Task<List<string>> SqlAsync(MySqlConnection connection, string sql)
    {
        using var command = new MySqlCommand(sql, connection) { CommandTimeout = 60 };
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        do
        {
            while (await reader.ReadAsync())
                rows.Add(
                    string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? "NULL" : reader.GetValue(i))));
        }
        while (await reader.NextResultAsync());
        return rows;
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private string File(string name) => Path.Combine(_process.Folder, name);

    private async Task<bool> AnswersAsync()
    {
        try
        {
            await SqlAsync("SELECT 1");
            return true;
        }
        catch (MySqlException e) when (e.ErrorCode == MySqlErrorCode.UnableToConnectToHost)
        {
            return false;
        }
    }

    /// <summary>Creates the data folder of which each server gets a copy: once for each build of the tests.</summary>
    private static async Task<string> InstallAsync()
    {
        var template = Path.Combine(AppContext.BaseDirectory, "mariadb");
        if (Directory.Exists(template)) return template;
        var folder = Directory.CreateTempSubdirectory("mariadb-tests-").FullName;
        await ServerProcess.RunAsync(
            ServerProcess.Find("mariadb-install-db")!,
            "--no-defaults",
            $"--datadir={folder}/data",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            $"--user={Environment.UserName}");
        await ServerProcess.RunAsync("mv", "-T", $"{folder}/data", template);
        Directory.Delete(folder);
        return template;
    }
}
