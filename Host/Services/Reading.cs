namespace SharedState.Host.Services;

/// <summary>
/// Reading of files that somebody else has written, on a thread that nothing depends on: a file system may never answer. It may be that of
/// a server that is away, or another program may hold a file back.
/// </summary>
internal static class Reading
{
    /// <summary>For the configuration and the manifests, which takes milliseconds, or seconds where a disk has to start up.</summary>
    public static readonly TimeSpan ScanTime = TimeSpan.FromSeconds(10);

    /// <summary>For the content of plugins, which is read and copied: the largest plugin on a slow disk takes half of this.</summary>
    public static readonly TimeSpan CopyTime = TimeSpan.FromSeconds(60);

    /// <summary>The sentence for an operator whose host does not start.</summary>
    public static string Late(TimeSpan limit) =>
        $"the configuration and the plugins could not be read within {limit.TotalSeconds} s: a disk or another computer does not answer, " +
        "or another program holds a file back";

    /// <summary>Whether the reading ended in time. Otherwise its thread is left behind, and the process should end.</summary>
    public static async Task<bool> EndsAsync(Action read, TimeSpan limit)
    {
        try
        {
            var reading = Task.Factory.StartNew(read, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            await reading.WaitAsync(limit);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }
}
