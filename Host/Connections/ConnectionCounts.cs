using SharedState.Host.Collections;
using SharedState.Host.Diagnostics;
using SharedState.Host.Protocol;

namespace SharedState.Host.Connections;

/// <summary>The counters of requests, frames and bytes of all connections, for the metrics. Any thread.</summary>
internal sealed class ConnectionCounts
{
    private const int Frames = 0, Bytes = 1, Requests = 2;

    // By the value of Target.
    private static readonly string[] Kinds =
        ["invalid", "services", "clock", "subscriptions", "subscribe", "identity", "authenticate", "list", "read", "update"];

    // The codes of Error. Other codes do not exist.
    private static readonly string[] Outcomes =
    [
        "ok", "bad_request", "not_found", "unauthorized", "forbidden", "conflict", "too_large", "limit", "unavailable", "unknown",
        "internal",
    ];

    private readonly Counters _counters = new(Requests + (Kinds.Length * Outcomes.Length));

    public long SentFrames => _counters.Sum(Frames);

    public long SentBytes => _counters.Sum(Bytes);

    /// <summary>The answered requests by kind and outcome, for all combinations that have occurred.</summary>
    public IEnumerable<(string Kind, string Outcome, long Count)> AnsweredRequests =>
        from kind in Enumerable.Range(0, Kinds.Length)
        from outcome in Enumerable.Range(0, Outcomes.Length)
        let count = _counters.Sum(Cell(kind, outcome))
        where count > 0
        select (Kinds[kind], Outcomes[outcome], count);

    /// <summary>A request was answered.</summary>
    public void Answered(Target target, Error? failure) =>
        _counters.Add(Cell((int)target, failure is null ? 0 : Array.IndexOf(Outcomes, failure.Code)), 1);

    /// <summary>Frames begin to be written.</summary>
    public void Sending(int frames) => _counters.Add(Frames, frames);

    /// <summary>Bytes begin to be written.</summary>
    public void Sent(int bytes) => _counters.Add(Bytes, bytes);

    private static int Cell(int kind, int outcome) => Requests + (kind * Outcomes.Length) + outcome;
}
