using System.Diagnostics;

namespace Items.Postgres.Tests;

/// <summary>The programs that PostgreSQL consists of, where they are installed.</summary>
internal static class PostgresPrograms
{
    private static readonly string? _folder = Find();

    /// <summary>Why tests that need them are skipped; null where they are installed.</summary>
    public static string? Missing { get; } =
        _folder != null
            ? null
            : "PostgreSQL is not installed: install postgresql, so that its programs are in /usr/lib/postgresql or on the PATH, or name "
                + "their folder in POSTGRES_BIN";

    /// <summary>A name for this installation: another version has another one.</summary>
    public static string Installation => $"postgres{_folder!.Replace(Path.DirectorySeparatorChar, '-')}";

    /// <summary>Runs a program to its end, which must be a good one.</summary>
    public static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Start(program, arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} failed: {errors}{await output}");
        }
    }

    /// <summary>Starts a program; as root with the user postgres, as PostgreSQL refuses to be run by root.</summary>
    public static Process Start(string program, params string[] arguments)
    {
        var path = Path.Combine(_folder!, program);
        var start = Environment.IsPrivilegedProcess
            ? new ProcessStartInfo("setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", path, .. arguments])
            : new ProcessStartInfo(path, arguments);
        start.WorkingDirectory = "/";
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        return Process.Start(start)!;
    }

    private static string? Find()
    {
        // Debian's come first: what is on the PATH there may be a wrapper, or a part only.
        const string Debian = "/usr/lib/postgresql";
        string[] needed = ["initdb", "postgres", "pg_ctl", "pg_basebackup", "pg_dump", "psql"];
        var chosen = Environment.GetEnvironmentVariable("POSTGRES_BIN");
        return (
            chosen != null ? [chosen]
            : Directory.Exists(Debian) ? Directory.GetDirectories(Debian).OrderDescending().Select(f => Path.Combine(f, "bin"))
            : []
        ).Concat(chosen != null ? [] : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator))
            .FirstOrDefault(f => needed.All(p => File.Exists(Path.Combine(f, p))));
    }
}
