namespace SharedState.Bench.Load.Storages;

/// <summary>A storage that the workloads of several hosts can be measured on.</summary>
/// <param name="Name">In the cells' names.</param>
/// <param name="Missing">Why there can't be one here; null where there can.</param>
/// <param name="Start">Starts one.</param>
internal sealed record StorageKind(string Name, string? Missing, Func<Storage> Start)
{
    public static readonly StorageKind Redis = new("redis", RedisStorage.Missing, () => new RedisStorage("always"));

    /// <summary>Which a power cut may take the last second from; so the host says in its log.</summary>
    public static readonly StorageKind RedisEverySecond = new("redis-everysec", RedisStorage.Missing, () => new RedisStorage("everysec"));

    public static readonly StorageKind MySql = new("mysql", MariaDbStorage.Missing, () => new MariaDbStorage(wakeup: false));

    public static readonly StorageKind MySqlWithWakeup = new(
        "mysql-wakeup", MariaDbStorage.Missing ?? RedisStorage.Missing, () => new MariaDbStorage(wakeup: true));
}
