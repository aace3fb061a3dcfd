using System.Net;
using SharedState.Host.Http;

namespace SharedState.Host.Access;

/// <summary>
/// Slows down addresses that send tokens that are not valid: their refusals come later and later. A valid token is never slowed down, so
/// that one client behind a proxy does not lock the others out.
/// </summary>
internal sealed class FailedAttempts(TimeProvider time)
{
    /// <summary>The failures in a row that are answered at once: a page with an expired token may have several connections.</summary>
    public const int Free = 10;

    /// <summary>The time between two later failures.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(0.5);

    /// <summary>The longest delay. With the 5 s that a check may take, a stop has to wait for less than 8 s.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);

    // A few megabytes. Beyond, all further addresses count as one.
    private const int MostAddresses = 10_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, DateTimeOffset> _paid = []; // guarded by _gate: until when each address has to pay

    /// <summary>Counts a failure, and returns the delay of its refusal.</summary>
    public TimeSpan Add(IPAddress address)
    {
        var now = time.GetUtcNow();
        lock (_gate)
        {
            address = AddressGroup.Of(address);
            if (_paid.Count >= MostAddresses && !_paid.ContainsKey(address))
            {
                foreach (var (old, until) in _paid)
                {
                    if (until <= now) _paid.Remove(old);
                }
                if (_paid.Count >= MostAddresses) address = IPAddress.None;
            }
            var paid = _paid.GetValueOrDefault(address);
            if (paid < now) paid = now;
            paid += Interval;
            var delay = paid - now - (Free * Interval);
            if (delay > Longest) (delay, paid) = (Longest, now + (Free * Interval) + Longest);
            _paid[address] = paid;
            return delay > TimeSpan.Zero ? delay : TimeSpan.Zero;
        }
    }
}
