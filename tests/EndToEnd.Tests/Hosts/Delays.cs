namespace SharedState.EndToEnd.Tests.Hosts;

/// <summary>The longest that members who stayed where they were had to wait.</summary>
/// <param name="Answer">For the answer to a request.</param>
/// <param name="Silence">For the next notification.</param>
internal readonly record struct Delays(TimeSpan Answer, TimeSpan Silence)
{
    public override string ToString() =>
        $"the longest answer took {Answer.TotalMilliseconds:0} ms, the longest silence {Silence.TotalMilliseconds:0} ms";
}
