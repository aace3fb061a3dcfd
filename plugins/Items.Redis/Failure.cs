using StackExchange.Redis;

namespace SharedState.Items.Redis;

/// <summary>What an exception of the library says about the command that it comes from.</summary>
/// <param name="Fault">What it means to the host, if nothing was stored.</param>
/// <param name="Reason">For the operator: the cause and the fix.</param>
internal readonly record struct Failure(ItemServiceFault Fault, string Reason)
{
    /// <summary>Whether the command may have run all the same.</summary>
    public bool MayHaveRun { get; private init; }

    /// <summary>Whether it passes by itself, as a lost connection or a server that starts.</summary>
    public bool Passing { get; private init; }

    /// <summary>The command did nothing, because the storage is not what it was.</summary>
    public static Failure Moved { get; } = Later("its history was replaced, and again while it was looked at");

    /// <summary>The command did nothing, because keys of its slot are being moved to another server.</summary>
    public static Failure Migrating { get; } = Later(
        "a slot of the Cluster is being moved to another server: its collections can't be written to until it has been moved");

    private static Failure Starting { get; } = Later("it has just started and reads its data");

    /// <summary>Tells what there is to tell; false for an exception of another origin.</summary>
    public static bool TryTell(Exception exception, out Failure failure)
    {
        var told = exception switch
        {
            RedisServerException e => OfServer(e),
            RedisConnectionException e when IsLoading(e) || IsLoading(e.InnerException) => Starting with
            {
                MayHaveRun = Sent(e.CommandStatus),
            },
            RedisConnectionException e => Later("the connection was lost, or there is none") with { MayHaveRun = Sent(e.CommandStatus) },
            RedisTimeoutException e => Later("it does not answer in time") with { MayHaveRun = Sent(e.Commandstatus) },
            RedisCommandException e => Later($"it can't be written to ({e.Message})"),
            ObjectDisposedException => new(ItemServiceFault.Unavailable, "it was closed"),
            OperationCanceledException => new(ItemServiceFault.Unavailable, "it did not answer in time") { MayHaveRun = true },
            _ => (Failure?)null,
        };
        failure = told.GetValueOrDefault();
        return told is not null;
    }

    public ItemServiceException ToException(RedisOptions options, Exception cause) => new(Fault, $"{options.Name}: {Reason}", cause);

    private static bool IsLoading(Exception? e) => e is RedisConnectionException { FailureType: ConnectionFailureType.Loading };

    private static bool Sent(CommandStatus status) => status is not (CommandStatus.WaitingToBeSent or CommandStatus.WaitingInBacklog);

    /// <summary>An error that the server answered with: but for the last line, before the command did anything.</summary>
    private static Failure OfServer(RedisServerException e) =>
        e.Kind switch
        {
            RedisErrorKind.Loading => Starting,
            RedisErrorKind.ReadOnly => Later("it is a replica, and can't be written to: name its master, or the Sentinels, in db_host"),
            RedisErrorKind.ClusterDown or RedisErrorKind.MasterDown => Later($"a part of it is down ({e.Message})"),
            RedisErrorKind.Busy => Later("it is busy with a script: SCRIPT KILL ends one that wrote nothing"),
            RedisErrorKind.TryAgain => Migrating,
            RedisErrorKind.Moved or RedisErrorKind.Ask or RedisErrorKind.NoScript or RedisErrorKind.MaxClients =>
                Later(e.Message),
            RedisErrorKind.OutOfMemory => new(
                ItemServiceFault.Unavailable, "its memory is full: raise maxmemory, or remove what is not needed"),
            RedisErrorKind.Misconfigured => new(
                ItemServiceFault.Unavailable, $"it can't save to its disk, and therefore refuses to write: its log says why ({e.Message})"),
            RedisErrorKind.NoReplicas => new(
                ItemServiceFault.Unavailable, "it has fewer replicas than its min-replicas-to-write, and therefore refuses to write"),
            RedisErrorKind.NoAuth or RedisErrorKind.WrongPass => new(ItemServiceFault.Unavailable, "it refuses db_user and db_password"),
            RedisErrorKind.NoPermission or RedisErrorKind.NotPermitted or RedisErrorKind.UnknownCommand => new(
                ItemServiceFault.Unavailable, $"db_user has not all rights that are needed ({e.Message}): docs/OPERATING.md lists them"),
            RedisErrorKind.WrongType => new(
                ItemServiceFault.Unusable,
                $"a key of this table holds what another program wrote ({e.Message}): use another db_table or db_name"),
            _ when e.Message.Contains("WRONGTYPE", StringComparison.Ordinal) => new(
                ItemServiceFault.Unusable,
                $"a key of this table holds what another program wrote ({e.Message}): use another db_table or db_name"),
            _ => new(ItemServiceFault.Unavailable, e.Message) { MayHaveRun = true },
        };

    private static Failure Later(string reason) => new(ItemServiceFault.Unavailable, reason) { Passing = true };
}
