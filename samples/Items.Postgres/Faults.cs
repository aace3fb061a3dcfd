using System.Net.Sockets;
using Npgsql;
using SharedState;

namespace Items.Postgres;

/// <summary>What an exception means to the host, while nothing can have been committed.</summary>
internal static class Faults
{
    private const string IdleInTransactionSessionTimeout = "25P03";

    /// <summary>The exception to throw for one that came from the server or the connection.</summary>
    public static Exception From(Exception e, CancellationToken stop) => e switch
    {
        ItemServiceException => e,
        OperationCanceledException when stop.IsCancellationRequested => e,
        PostgresException p => New(Of(p), p),
        _ => IsForeign(e) ? New(ItemServiceFault.Unavailable, e) : e,
    };

    /// <summary>The same while a service opens, where a refusal by the server is a matter of the configuration.</summary>
    public static Exception FromOpening(Exception e, CancellationToken stop)
    {
        var key = (e as PostgresException)?.SqlState switch
        {
            PostgresErrorCodes.InvalidCatalogName => "db_name",
            PostgresErrorCodes.InvalidPassword => "db_password",
            PostgresErrorCodes.InvalidAuthorizationSpecification or PostgresErrorCodes.InsufficientPrivilege => "db_user",
            _ => null,
        };
        return key == null ? From(e, stop) : new ItemServiceException(ItemServiceFault.Config, Message(e), e) { ConfigKey = key };
    }

    /// <summary>Whether the same may succeed at once: others were in the way, or the connection had died in the pool.</summary>
    public static bool IsPassing(Exception e) =>
        e switch
        {
            HistoryReplacedException or CollectionForgottenException => true,
            PostgresException p => p.SqlState is PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected
                || IsShutdown(p),
            // Connecting failed where a SocketException is inside; trying again at once would fail again.
            NpgsqlException { InnerException: IOException io } => io.InnerException
                is not SocketException { SocketErrorCode: SocketError.TimedOut },
            _ => false,
        };

    /// <summary>
    /// Whether the server took back the transaction and said so. A fatal error during COMMIT says nothing about its outcome.
    /// </summary>
    public static bool IsRolledBack(Exception e) => e is PostgresException { InvariantSeverity: "ERROR" };

    // Anything else is a defect of this plugin: told as such, and not as an outage that may pass.
    private static bool IsForeign(Exception e) => e is NpgsqlException or IOException or SocketException or TimeoutException
        or OperationCanceledException or ObjectDisposedException or HistoryReplacedException or CollectionForgottenException;

    private static bool IsShutdown(PostgresException e) =>
        e.SqlState is PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or IdleInTransactionSessionTimeout;

    private static ItemServiceFault Of(PostgresException e) => e.SqlState switch
    {
        PostgresErrorCodes.DataCorrupted or PostgresErrorCodes.IndexCorrupted => ItemServiceFault.Unusable,
        PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedColumn or PostgresErrorCodes.InvalidSchemaName
            => ItemServiceFault.Unusable,
        PostgresErrorCodes.InsufficientPrivilege => ItemServiceFault.Unavailable,
        _ => e.SqlState[..2] switch
        {
            // A value that the server does not take, a constraint or a trigger that somebody added.
            "22" or "23" or "44" or "P0" => ItemServiceFault.Rejected,
            "54" => ItemServiceFault.TooLarge,
            _ => ItemServiceFault.Unavailable,
        },
    };

    private static ItemServiceException New(ItemServiceFault fault, Exception e) => new(fault, Message(e), e);

    // The detail of a PostgresException may quote what was to be stored, so it is not part of the message.
    private static string Message(Exception e) => e switch
    {
        PostgresException p => $"PostgreSQL: {p.MessageText} ({p.SqlState})",
        _ => $"PostgreSQL: {e.Message}" + (e.InnerException == null ? "" : $" ({e.InnerException.Message})"),
    };
}
