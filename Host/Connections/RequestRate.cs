namespace SharedState.Host.Connections;

/// <summary>The limit of the requests that are read from one connection: a rate, and a burst.</summary>
internal sealed class RequestRate(double rate, int burst, TimeProvider time)
{
    private readonly double _interval = time.TimestampFrequency / rate;
    private double _next; // when the next request would be due if they all came evenly

    /// <summary>Waits until the next request may be read. Exceeding the rate is not an error; reading pauses.</summary>
    public Task WaitAsync(CancellationToken stop)
    {
        double now = time.GetTimestamp();
        _next = Math.Max(_next, now - (burst * _interval)) + _interval;
        var early = _next - now;
        return early <= 0 ? Task.CompletedTask : Task.Delay(TimeSpan.FromSeconds(early / time.TimestampFrequency), time, stop);
    }
}
