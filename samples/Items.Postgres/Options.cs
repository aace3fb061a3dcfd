using System.Text.RegularExpressions;
using Npgsql;
using SharedState;

namespace Items.Postgres;

/// <summary>A service's configuration, checked.</summary>
internal sealed partial record Options(NpgsqlConnectionStringBuilder Connection, string Schema, int Loads, TimeSpan LogAge)
{
    /// <summary>Connections for what is not a load: the commit, the feed's read, the bell, the janitor, and one to spare.</summary>
    private const int OtherConnections = 5;

    /// <summary>Reads the configuration.</summary>
    public static Options Parse(ItemServiceContext context)
    {
        var schema = context.GetString("db_schema", "shared_state");
        if (!SchemaPattern().IsMatch(schema) || schema.StartsWith("pg_", StringComparison.Ordinal))
        {
            throw Wrong("db_schema", "must be 1-48 lower-case letters, digits and _, begin with a letter, and not with pg_");
        }

        var loads = context.GetInt32("db_connections", 8, 1, 1000);
        var connection = new NpgsqlConnectionStringBuilder
        {
            Host = NotEmpty(context, "db_host", "localhost"),
            Port = context.GetInt32("db_port", 5432, 1, 65535),
            Database = context.GetRequiredString("db_name"),
            Username = NotEmpty(context, "db_user", "postgres"),
            Password = context.Config.GetValueOrDefault("db_password"),
            ApplicationName = "shared_state " + context.ServiceName,
            MaxPoolSize = loads + OtherConnections,
            // Every call has to be back within 8 seconds, whatever it waits for.
            Timeout = 4,
            CommandTimeout = 6,
            KeepAlive = 10,
            // What a connection is given when it is new must last: the settings, and no statement of ours leaves anything behind.
            NoResetOnClose = true,
            MaxAutoPrepare = 32,
            AutoPrepareMinUsages = 2,
            GssEncryptionMode = GssEncryptionMode.Disable,
        };
        SetTls(context, connection);
        return new Options(connection, schema, loads, TimeSpan.FromSeconds(context.GetInt32("log_seconds", 300, 10, 86400)));
    }

    private static void SetTls(ItemServiceContext context, NpgsqlConnectionStringBuilder connection)
    {
        connection.SslMode = context.GetString("ssl.mode", "prefer") switch
        {
            "disable" => SslMode.Disable,
            "prefer" => SslMode.Prefer,
            "require" => SslMode.Require,
            "verify-ca" => SslMode.VerifyCA,
            "verify-full" => SslMode.VerifyFull,
            _ => throw Wrong("ssl.mode", "must be disable, prefer, require, verify-ca or verify-full"),
        };
        connection.RootCertificate = File(context, "ssl.ca");
        connection.SslCertificate = File(context, "ssl.cert");
        connection.SslKey = File(context, "ssl.key");
        if (connection.RootCertificate != null && connection.SslMode is not (SslMode.VerifyCA or SslMode.VerifyFull))
        {
            throw Wrong("ssl.ca", "has no effect unless ssl.mode is verify-ca or verify-full");
        }
    }

    private static string? File(ItemServiceContext context, string key)
    {
        var path = context.GetPath(key);
        return path == null || System.IO.File.Exists(path) ? path : throw Wrong(key, $"names no file: {path}");
    }

    private static string NotEmpty(ItemServiceContext context, string key, string defaultValue)
    {
        var value = context.GetString(key, defaultValue);
        return value.Length > 0 ? value : throw Wrong(key, "must not be empty");
    }

    private static ItemServiceException Wrong(string key, string what) =>
        new(ItemServiceFault.Config, $"{key} {what}.") { ConfigKey = key };

    // Short enough for names that are derived from it (PostgreSQL ends names at 63 bytes), and the same whether quoted or not.
    [GeneratedRegex("^[a-z][a-z0-9_]{0,47}$", RegexOptions.CultureInvariant)]
    private static partial Regex SchemaPattern();
}
