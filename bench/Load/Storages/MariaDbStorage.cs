using System.Globalization;

namespace SharedState.Bench.Load.Storages;

/// <summary>A MariaDB with its defaults: each commit is on the disk before it is answered. With a Redis beside, if hosts are to wake each
/// other through one.</summary>
internal sealed class MariaDbStorage : Storage
{
    private const string User = "bench";

    private static readonly HashSet<string> _wanted =
    [
        "Queries", "Com_select", "Com_insert", "Com_update", "Com_replace", "Com_commit",
        "Innodb_os_log_fsyncs", "Innodb_row_lock_waits", "Innodb_row_lock_time",
    ];

    private readonly RedisStorage? _wakeup;

    public MariaDbStorage(bool wakeup)
    {
        var data = Path.Combine(Server.Folder, "data");
        var user = Environment.UserName;
        OwnProcess.Run(
            OwnProcess.Find("mariadb-install-db")!, "--no-defaults", $"--datadir={data}",
            "--auth-root-authentication-method=normal", "--skip-test-db", $"--user={user}");
        var init = Path.Combine(Server.Folder, "init.sql");
        File.WriteAllText(init, $"CREATE USER '{User}'@'%' IDENTIFIED BY '{User}';\nGRANT ALL ON *.* TO '{User}'@'%';\n");
        Server.Start(
            OwnProcess.Find("mariadbd")!,
            "--no-defaults",
            $"--datadir={data}",
            $"--tmpdir={Server.Folder}",
            $"--socket={Path.Combine(Server.Folder, "s")}",
            $"--port={Server.Port}",
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
            $"--pid-file={Path.Combine(Server.Folder, "pid")}",
            $"--init-file={init}",
            $"--user={user}",
            "--innodb-buffer-pool-size=256M", "--max-connections=1000");
        if (wakeup) _wakeup = new("no");
    }

    /// <summary>Why there can't be one; null where there can.</summary>
    public static string? Missing =>
        OwnProcess.Find("mariadbd") is null || OwnProcess.Find("mariadb-install-db") is null || OwnProcess.Find("mariadb") is null
            ? "mariadb-server is not installed"
            : null;

    /// <summary>With that of the Redis beside.</summary>
    public override long ProcessorTime => Server.ProcessorTime + (_wakeup?.ProcessorTime ?? 0);

    public override string Service(string table)
    {
        var wakeup = _wakeup is null ? "" : $$""", "wakeup": "{{_wakeup.Address}}" """;
        return $$"""
            {"db_type": "mariadb", "db_host": "127.0.0.1", "db_port": {{Server.Port}}, "db_name": "bench", "db_table": "{{table}}",
             "db_user": "{{User}}", "db_password": "{{User}}"{{wakeup}}}
            """;
    }

    public override IReadOnlyDictionary<string, double> Counts()
    {
        var counts = new Dictionary<string, double>();
        string[] how = ["-h127.0.0.1", $"-P{Server.Port}", $"-u{User}", $"-p{User}",
            "--batch", "--skip-column-names", "-e", "SHOW GLOBAL STATUS"];
        foreach (var line in OwnProcess.Run("mariadb", how).Split('\n'))
        {
            if (line.Split('\t') is [var name, var value] && _wanted.Contains(name))
                counts[name] = double.Parse(value, CultureInfo.InvariantCulture);
        }
        return counts;
    }

    public override void Dispose()
    {
        _wakeup?.Dispose();
        base.Dispose();
    }
}
