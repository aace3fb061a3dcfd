using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace SharedState.Items.Redis;

/// <summary>What a server's own configuration means for what is stored in it.</summary>
internal static class ServerSettings
{
    private static readonly Version _oldest = new(7, 0);

    /// <summary>Refuses a server that would lose items by its settings, and says what one that is only less safe may lose.</summary>
    /// <returns>The version.</returns>
    /// <exception cref="ItemServiceException"><see cref="ItemServiceFault.Unusable"/>: it is too old, or evicts.</exception>
    public static async Task<string> CheckAsync(Server server, IServer master, ILogger logger, CancellationToken stop)
    {
        var name = $"Redis at {master.EndPoint}";
        if (master.Version < _oldest) throw Refused(name, $"version {master.Version} is too old: install 7.0 or newer");
        var facts = await FactsAsync(server, master, stop);

        // Those that begin with volatile- evict only keys that expire, and none of ours does.
        var policy = facts.GetValueOrDefault("maxmemory_policy");
        if (policy is not null && policy.StartsWith("allkeys-", StringComparison.Ordinal))
        {
            throw Refused(
                name,
                $"its maxmemory-policy is {policy}, so that items would vanish when its memory is full: "
                + "CONFIG SET maxmemory-policy noeviction, and the same in redis.conf");
        }
        if (policy is null)
        {
            logger.Weak(
                name,
                "the user may not ask INFO, so it is not known whether its maxmemory-policy is noeviction; "
                + "with an allkeys- policy items vanish when its memory is full");
            logger.Weak(
                name,
                "the user may not ask INFO, so a failover is not noticed by itself: clients may hold updates that were lost, "
                + "until a host that saw them finds them missing");
        }

        if (Weakness(facts) is { } weakness) logger.Weak(name, weakness);
        return $"{master.Version}";
    }

    private static string? Weakness(Dictionary<string, string> facts)
    {
        const string Fix = "for updates that survive, set appendonly yes and appendfsync always";
        if (!facts.TryGetValue("aof_enabled", out var enabled))
            return $"the user may not ask INFO, so it is not known what is lost when it ends; {Fix}";
        if (enabled == "0")
            return "appendonly is no: when it ends, all updates since its last snapshot are lost, though clients were told that they are "
                + $"stored; {Fix}";
        return facts.GetValueOrDefault("appendfsync") switch
        {
            "always" => null,
            null =>
                "the user may not ask CONFIG GET appendfsync; unless it is always, updates of the last second or more are lost when its "
                    + "computer fails, "
                    + "though clients were told that they are stored",
            "everysec" => "appendfsync is everysec: when its computer fails, updates of the last second or two are lost, "
                + $"though clients were told that they are stored; {Fix}",
            var other => $"appendfsync is {other}: when its computer fails, all that the operating system has not written yet "
                + "(often 30 seconds of updates) is lost, "
                + $"though clients were told that it is stored; {Fix}",
        };
    }

    /// <summary>What the server says of itself, as far as the user may ask.</summary>
    private static async Task<Dictionary<string, string>> FactsAsync(Server server, IServer master, CancellationToken stop)
    {
        var facts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var section in new[] { "memory", "persistence" })
        {
            if (await TryAskAsync(() => master.InfoAsync(section, CommandFlags.None)) is not { } groups) continue;
            foreach (var (key, value) in groups.SelectMany(group => group)) facts[key] = value;
        }
        var appendfsync = await TryAskAsync(() => master.ExecuteAsync("CONFIG", "GET", "appendfsync"));
        if (appendfsync is { IsNull: false } && (string[]?)appendfsync is { Length: 2 } pair) facts["appendfsync"] = pair[1];
        return facts;

        async Task<T?> TryAskAsync<T>(Func<Task<T>> ask)
            where T : class
        {
            try
            {
                return await server.AskAsync(_ => ask(), stop);
            }
            catch (ItemServiceException e) when (e.InnerException is RedisServerException or RedisCommandException)
            {
                return null; // forbidden, or renamed
            }
        }
    }

    private static ItemServiceException Refused(string name, string reason) => new(ItemServiceFault.Unusable, $"{name}: {reason}");
}
