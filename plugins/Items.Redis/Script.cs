using StackExchange.Redis;

namespace SharedState.Items.Redis;

/// <summary>
/// The scripts that run in Redis. The library sends a script's hash, and the script itself where the server does not know it (any more).
/// </summary>
internal static class Script
{
    public static readonly string Commit = Read("commit.lua"),
        Settle = Read("settle.lua"),
        Visit = Read("visit.lua"),
        Forget = Read("forget.lua"),
        Rights = Read("rights.lua");

    public static async Task<RedisResult[]> RunAsync(IDatabase database, string script, RedisKey[] keys, RedisValue[] values) =>
        (RedisResult[])(await database.ScriptEvaluateAsync(script, keys, values, CommandFlags.DemandMaster))!;

    private static string Read(string name)
    {
        using var reader = new StreamReader(typeof(Script).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
