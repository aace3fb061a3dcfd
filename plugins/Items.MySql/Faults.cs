using System.Net.Sockets;
using System.Security.Authentication;
using MySqlConnector;

namespace SharedState.Items.MySql;

/// <summary>
/// What an error means to the host. Nothing was applied in any case that is told here: whoever sends a COMMIT tells that one.
/// </summary>
internal static class Faults
{
    // Numbers of servers for which the driver has no names.
    private const MySqlErrorCode RecordHasChanged = (MySqlErrorCode)1020,
        NextNumberIsLocked = (MySqlErrorCode)1467,
        IndexCorrupt = (MySqlErrorCode)1712,
        TableCorrupt = (MySqlErrorCode)1877,
        ConnectionKilled = (MySqlErrorCode)1927, CheckFailedInMySql = (MySqlErrorCode)3819, CheckFailed = (MySqlErrorCode)4025,
        IdleTooLong = (MySqlErrorCode)4031;

    /// <summary>Whether an error comes from the database or the way to it.</summary>
    public static bool IsForeign(Exception e) => e is MySqlException or IOException or SocketException
        or ObjectDisposedException or AuthenticationException or TimeoutException || IsOfLostConnection(e);

    /// <summary>Whether a transaction met another one, and may succeed now.</summary>
    public static bool HasMetAnother(Exception e) =>
        e is MySqlException error
        && error.ErrorCode is MySqlErrorCode.LockDeadlock or MySqlErrorCode.LockWaitTimeout or NextNumberIsLocked or RecordHasChanged;

    /// <summary>Whether the connection ended in the middle; not whether one could not be made, or took too long.</summary>
    public static bool IsConnectionLost(Exception e) => e switch
    {
        MySqlException { ErrorCode: MySqlErrorCode.UnableToConnectToHost or MySqlErrorCode.CommandTimeoutExpired } => false,
        MySqlException error => error.InnerException is IOException or SocketException
            || error.ErrorCode is MySqlErrorCode.ServerShutdown or ConnectionKilled or IdleTooLong,
        ObjectDisposedException => false,
        _ => e is IOException or SocketException || IsOfLostConnection(e),
    };

    /// <summary>
    /// The driver's word for a connection that was lost before. Any other exception of that type is a defect of this plugin, which is not
    /// to be tried again.
    /// </summary>
    private static bool IsOfLostConnection(Exception e) =>
        e is InvalidOperationException && e.Message.StartsWith("Connection must be Open", StringComparison.Ordinal);

    /// <summary>Tells an error of a commit, a load or a listing.</summary>
    public static ItemServiceException Of(Exception e, MySqlOptions options) =>
        e is MySqlException error
            ? OfServer(error, options)
            : e switch
            {
                ObjectDisposedException => Closed(options),
                _ => new(ItemServiceFault.Unavailable, $"{options.Name} went away: {e.Message}", e),
            };

    /// <summary>Tells an error at opening, where some have a cause that only the operator can remove.</summary>
    public static ItemServiceException AtOpening(Exception e, MySqlOptions options)
    {
        for (var cause = e; cause is not null; cause = cause.InnerException)
        {
            if (cause is not AuthenticationException) continue;
            return Wrong(
                "ssl.ca",
                $"{options.Server} can't be trusted ({cause.Message}): \"ssl.ca\" must hold the authority that signed its certificate, "
                + $"and the certificate must be for {options.Host}", e);
        }
        return e is not MySqlException error
            ? Of(e, options)
            : error.Number switch
            {
                1045 or 1698 => Wrong(
                    "db_password",
                    $"{options.Server} refuses user {options.User}: check \"db_user\" and \"db_password\", and whether the user needs "
                        + "\"ssl.enabled\"", e),
                3159 or 4160 => Wrong("ssl.enabled", $"{options.Server} requires encryption: set \"ssl.enabled\"", e),
                _ when Says("server's RSA public key") => Wrong(
                    MySqlOptions.KeyFromServerKey,
                    $"{options.Server} wants a password that nothing protects: set \"ssl.enabled\", let \"db_host\" be its socket, or, "
                        + $"if no other program can answer at its address, set \"{MySqlOptions.KeyFromServerKey}\"", e),
                _ when Says("does not support SSL") => Wrong(
                    "ssl.enabled", $"{options.Server} does not encrypt: set it up to, or set \"ssl.enabled\" to false", e),
                _ when Says("SSL Authentication Error") || Says("certificate") => Wrong(
                    "ssl.ca",
                    $"{options.Server} can't be trusted, or does not trust this client ({error.Message}): check \"ssl.ca\", \"ssl.cert\" "
                        + "and \"ssl.key\"", e),
                _ => Of(e, options),
            };

        // The driver has no number for these.
        bool Says(string text) => e.Message.Contains(text, StringComparison.OrdinalIgnoreCase);
    }

    public static ItemServiceException Closed(MySqlOptions options) => new(ItemServiceFault.Unavailable, $"{options.Name} was closed");

    public static ItemServiceException TooLarge(MySqlOptions options, long bytes) => new(
        ItemServiceFault.TooLarge, $"an item of {bytes} bytes is too large for {options.Server}: raise its max_allowed_packet");

    private static ItemServiceException OfServer(MySqlException e, MySqlOptions options) =>
        e.ErrorCode switch
        {
            MySqlErrorCode.UnableToConnectToHost => new(
                ItemServiceFault.Unavailable,
                $"{options.Server} can't be reached ({Innermost(e)}): is it running, and are db_host and db_port right?"),
            MySqlErrorCode.LockWaitTimeout or MySqlErrorCode.LockDeadlock => new(
                ItemServiceFault.Unavailable, $"{options.Name} is locked by another program: let it end its transaction ({e.Message})", e),
            MySqlErrorCode.PacketTooLarge => new(
                ItemServiceFault.TooLarge, $"an item is too large for {options.Server}: raise its max_allowed_packet", e),
            MySqlErrorCode.DataTooLong
            or MySqlErrorCode.TruncatedWrongValueForField
            or MySqlErrorCode.DuplicateKeyEntry
            or CheckFailed
            or CheckFailedInMySql => new(ItemServiceFault.Rejected, $"{options.Name} refuses an update: {e.Message}", e),
            MySqlErrorCode.NotKeyFile or MySqlErrorCode.OldKeyFile or MySqlErrorCode.CrashedOnUsage or IndexCorrupt or TableCorrupt => new(
                ItemServiceFault.Unusable, $"table {options.Table} of {options.Name} is damaged ({e.Message}): restore it from a backup",
                e),
            _ => new(ItemServiceFault.Unavailable, $"{options.Name} can't be used: {e.Message}", e),
        };

    private static string Innermost(Exception e)
    {
        while (e.InnerException is { } inner) e = inner;
        return e.Message;
    }

    private static ItemServiceException Wrong(string key, string message, Exception e) =>
        new(ItemServiceFault.Config, message, e) { ConfigKey = key };
}
