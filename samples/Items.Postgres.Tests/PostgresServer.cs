using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Npgsql;

namespace Items.Postgres.Tests;

/// <summary>A PostgreSQL server of the tests' own: its data in a new folder, on a free loopback port, gone at the end.</summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private const string Role = "plugin";
    private const string Password = "pass;word='1'";

    private static readonly Lazy<Task<string>> _template = new(InstallAsync);
    private static readonly Lock _ports = new();
    private static readonly List<TcpListener> _reserved = []; // the first port of each block that this process uses, as long as it lives
    private static int _nextPort;

    private readonly string _folder = Directory.CreateTempSubdirectory("items-postgres-").FullName;
    private Process? _process;

    private PostgresServer()
    {
        // A server must not outlive a test run that ends early.
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Kill();
    }

    /// <summary>The server's port; the same after a restart.</summary>
    public int Port { get; private set; }

    /// <summary>The server's certificate, for 127.0.0.1, which signs itself.</summary>
    public string Certificate => Path.Combine(_folder, "server.crt");

    /// <summary>Makes and starts a server that offers TLS.</summary>
    public static Task<PostgresServer> StartNewWithTlsAsync() =>
        StartNewAsync("ssl = on", "ssl_cert_file = '../server.crt'", "ssl_key_file = '../server.key'");

    /// <summary>Makes and starts a server.</summary>
    public static async Task<PostgresServer> StartNewAsync(params string[] settings)
    {
        var server = new PostgresServer { Port = FreePort() };
        await server.MakeAsync(settings);
        await server.StartAsync();
        // The services' role is no administrator: what they need more than that would show.
        await server.ExecuteAsync(
            $"CREATE ROLE {Role} LOGIN PASSWORD '{Password.Replace("'", "''", StringComparison.Ordinal)}'; GRANT CREATE ON DATABASE postgres TO {Role}",
            asAdministrator: true);
        return server;
    }

    /// <summary>Makes a standby of the server, which follows it until it is promoted, and waits until it has all that there is.</summary>
    public async Task<PostgresServer> FollowAsync()
    {
        var standby = new PostgresServer { Port = FreePort() };
        await OwnAsync(standby._folder);
        await PostgresPrograms.RunAsync(
            "pg_basebackup", "-D", standby.Data, "-R", "-X", "stream", "-c", "fast", "-d",
            $"host=127.0.0.1 port={Port} user=postgres passfile={PasswordFile}");
        await File.AppendAllLinesAsync(
            Path.Combine(standby.Data, "postgresql.conf"), [$"port = {standby.Port}", $"unix_socket_directories = '{standby._folder}'"]);
        await standby.StartAsync();
        var end = await ExecuteAsync("SELECT pg_current_wal_flush_lsn()::text", asAdministrator: true);
        while (await standby.ExecuteAsync($"SELECT pg_last_wal_replay_lsn() >= '{end}'", asAdministrator: true) is not true)
        {
            await Task.Delay(50);
        }

        return standby;
    }

    /// <summary>Makes a standby the primary.</summary>
    public Task PromoteAsync() => PostgresPrograms.RunAsync("pg_ctl", "promote", "-D", Data, "-w");

    /// <summary>Copies a schema into another database of the server, as a dump and a restore do; something may happen between.</summary>
    public async Task RestoreAsync(string schema, string database, Func<Task>? meanwhile = null)
    {
        var dump = Path.Combine(_folder, "dump.sql");
        var server = $"host=127.0.0.1 port={Port} user=postgres passfile={PasswordFile}";
        await PostgresPrograms.RunAsync("pg_dump", "-n", schema, "-f", dump, "-d", $"{server} dbname=postgres");
        await (meanwhile?.Invoke() ?? Task.CompletedTask);
        await PostgresPrograms.RunAsync("psql", "-q", "-v", "ON_ERROR_STOP=1", "-f", dump, "-d", $"{server} dbname={database}");
    }

    /// <summary>The configuration of a service in a schema.</summary>
    public Dictionary<string, string> Config(string schema) => new()
    {
        ["db_host"] = "127.0.0.1",
        ["db_port"] = $"{Port}",
        ["db_name"] = "postgres",
        ["db_user"] = Role,
        ["db_password"] = Password,
        ["db_schema"] = schema,
    };

    /// <summary>Starts the server again, with the data that it has; if need be at another port.</summary>
    public async Task StartAsync(int? port = null)
    {
        Port = port ?? Port;
        Launch();
        for (var deadline = DateTime.UtcNow.AddSeconds(30); ; await Task.Delay(50))
        {
            try
            {
                await ExecuteAsync("SELECT 1", asAdministrator: true);
                return;
            }
            catch (NpgsqlException) when (DateTime.UtcNow < deadline)
            {
                // Not ready yet; or it has refused, as while the last processes of one that was killed have not yet gone.
                if (_process is { HasExited: true })
                {
                    Launch();
                }
            }
        }
    }

    /// <summary>Ends all of the server's processes at once, as a crash of its machine does.</summary>
    public void Kill()
    {
        // The process is the one that changes the user; the server is its child, or itself.
        if (_process is { HasExited: false })
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
        }
    }

    /// <summary>Ends the server in its own way, not waiting for clients.</summary>
    public Task StopAsync() => PostgresPrograms.RunAsync("pg_ctl", "stop", "-D", Data, "-m", "fast", "-w");

    /// <summary>Executes a statement as the role that the services use, and gives the first value.</summary>
    public async Task<object?> ExecuteAsync(string sql, bool asAdministrator = false)
    {
        await using var connection = await ConnectAsync(asAdministrator);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    /// <summary>Connects as the role that the services use.</summary>
    public async Task<NpgsqlConnection> ConnectAsync(bool asAdministrator = false)
    {
        var settings = new NpgsqlConnectionStringBuilder
        {
            Host = "127.0.0.1",
            Port = Port,
            Database = "postgres",
            Username = asAdministrator ? "postgres" : Role,
            Password = Password,
            Pooling = false,
        };
        var connection = new NpgsqlConnection(settings.ConnectionString);
        try
        {
            await connection.OpenAsync();
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync()
    {
        Kill();
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    private void Launch()
    {
        _process = PostgresPrograms.Start("postgres", "-D", Data, "-p", $"{Port}");
        _ = _process.StandardError.ReadToEndAsync();
    }

    private string PasswordFile => Path.Combine(_folder, "pgpass");

    private string Data => Path.Combine(_folder, "data");

    private async Task MakeAsync(string[] settings)
    {
        await File.WriteAllTextAsync(PasswordFile, $"*:*:*:*:{Password}");
        HideFromOthers(PasswordFile);

        WriteCertificate();
        await Process.Start("cp", ["-R", await _template.Value, Data]).WaitForExitAsync();
        await OwnAsync(_folder);
        string[] all = [$"port = {Port}", "listen_addresses = '127.0.0.1'", $"unix_socket_directories = '{_folder}'",
            "max_connections = 200", .. settings];
        await File.AppendAllLinesAsync(Path.Combine(Data, "postgresql.conf"), all);
    }

    private void WriteCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(Certificate, certificate.ExportCertificatePem());
        var keyFile = Path.Combine(_folder, "server.key");
        File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem());
        HideFromOthers(keyFile);
    }

    // PostgreSQL uses neither passwords nor keys that others can read.
    private static void HideFromOthers(string file)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }

    // What initdb makes, which takes seconds: once for each build of the tests. Beside them, where the user postgres may have no access, so
    // by way of another folder.
    private static async Task<string> InstallAsync()
    {
        var template = Path.Combine(AppContext.BaseDirectory, PostgresPrograms.Installation);
        if (!Directory.Exists(template))
        {
            var folder = Directory.CreateTempSubdirectory("items-postgres-").FullName;
            var (password, data) = (Path.Combine(folder, "password"), Path.Combine(folder, "data"));
            await File.WriteAllTextAsync(password, Password);
            await OwnAsync(folder);
            await PostgresPrograms.RunAsync(
                "initdb", "-D", data, "-U", "postgres", "-A", "scram-sha-256", "--pwfile", password, "-E", "UTF8", "--locale", "C", "-N");
            await Process.Start("mv", ["-T", data, template]).WaitForExitAsync();
            Directory.Delete(folder, recursive: true);
        }

        return template;
    }

    private static async Task OwnAsync(string folder)
    {
        if (Environment.IsPrivilegedProcess)
        {
            await Process.Start("chown", ["-R", "postgres", folder]).WaitForExitAsync();
        }
    }

    // From a block of a hundred ports that only this process uses: tests of several projects run at a time. The ports are below those that
    // the system gives to connections, so that none takes one while its server is down.
    private static int FreePort()
    {
        lock (_ports)
        {
            while (true)
            {
                if (_nextPort % 100 == 0)
                {
                    _nextPort = ReserveBlock();
                }

                var port = _nextPort++;
                if (Listen(port) is { } listener)
                {
                    listener.Dispose();
                    return port;
                }
            }
        }
    }

    private static int ReserveBlock()
    {
        while (true)
        {
            var first = 100 * Random.Shared.Next(200, 300);
            if (Listen(first) is { } listener)
            {
                _reserved.Add(listener);
                return first + 1;
            }
        }
    }

    private static TcpListener? Listen(int port)
    {
        var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return listener;
        }
        catch (SocketException)
        {
            listener.Dispose();
            return null;
        }
    }
}
