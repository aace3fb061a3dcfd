namespace SharedState.Host.PluginTest;

/// <summary>Calls of a plugin with a time limit: a call may block its thread and never return.</summary>
internal static class Limited
{
    public static Task CallAsync(string call, TimeSpan limit, Func<Task> action) => CallAsync(call, limit, async () =>
    {
        await action();
        return true;
    });

    /// <exception cref="TestFailure">The call did not return in time.</exception>
    public static async Task<T> CallAsync<T>(string call, TimeSpan limit, Func<Task<T>> action)
    {
        var running = Task.Run(action);
        if (await Task.WhenAny(running, Task.Delay(limit)) != running)
            throw new TestFailure($"{call} did not return within {Math.Floor(limit.TotalSeconds):0} seconds.");
        return await running;
    }
}
