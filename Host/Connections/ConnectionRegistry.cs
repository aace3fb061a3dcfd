using System.Collections.Concurrent;
using System.Net;
using SharedState.Host.Http;

namespace SharedState.Host.Connections;

/// <summary>All open connections: counted, swept once a second, and stopped together.</summary>
/// <remarks>
/// A sweep checks one slice of the connections. If ten thousand connections arrived at the same time and are idle, their pings are due at
/// the same time: sent all at once, the pings would delay all other traffic.
/// </remarks>
internal sealed class ConnectionRegistry : IDisposable
{
    private const int Slices = 20;

    // A sweep that is this late shows that the whole host stalled: bytes that clients sent meanwhile are not read yet.
    private static readonly TimeSpan Suspended = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(1) / Slices;

    // Each slice is guarded by itself.
    private readonly Dictionary<Connection, IPAddress>[] _slices =
    [
        .. Enumerable.Range(0, Slices).Select(_ => new Dictionary<Connection, IPAddress>()),
    ];
    private readonly ConcurrentDictionary<IPAddress, int> _perAddress = new();
    private readonly HostState _host;
    private readonly ITimer _sweep;
    private readonly TaskCompletionSource _empty = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Connection> _swept = []; // the sweep's, as are the two times, by the monotonic clock
    private long _sweptAt, _awakeSince;
    private int _count, _stopping;
    private int _next, _turn; // which slice gets a connection; which is swept

    public ConnectionRegistry(HostState host)
    {
        _host = host;
        _sweptAt = _awakeSince = host.Time.GetTimestamp();
        _sweep = host.Time.CreateTimer(_ => Sweep(), null, SweepInterval, SweepInterval);
    }

    /// <summary>Whether the host is stopping and takes no more connections.</summary>
    public bool Stopping => Volatile.Read(ref _stopping) == 1;

    public int Count => Volatile.Read(ref _count);

    /// <summary>The bytes in the outboxes of all connections.</summary>
    public long OutboxBytes => Open().Sum(connection => connection.OutboxBytes);

    /// <summary>Adds a connection to the count; false if a limit is reached.</summary>
    public bool TryAdd(Connection connection, IPAddress address)
    {
        address = AddressGroup.Of(address);
        if (Interlocked.Increment(ref _count) > _host.Connections)
        {
            ConnectionLog.TooMany(_host.Logger, _host.Connections, "connections");
            CountOut();
            return false;
        }
        if (_host.Limits.ConnectionsPerAddress is { } most && _perAddress.AddOrUpdate(address, 1, (_, count) => count + 1) > most)
        {
            ConnectionLog.TooMany(_host.Logger, most, "connections_per_address");
            LeaveAddress(address);
            CountOut();
            return false;
        }
        connection.Slice = (int)((uint)Interlocked.Increment(ref _next) % Slices);
        var slice = _slices[connection.Slice];
        lock (slice) slice.Add(connection, address);
        // Either this sees that the host is stopping, or the stop sees this connection: each writes before a full fence, then reads.
        Interlocked.MemoryBarrier();
        if (Stopping) connection.Stop();
        return true;
    }

    public void Remove(Connection connection)
    {
        var slice = _slices[connection.Slice];
        IPAddress? address;
        lock (slice)
        {
            if (!slice.Remove(connection, out address)) return;
        }
        if (_host.Limits.ConnectionsPerAddress is not null) LeaveAddress(address);
        CountOut();
    }

    /// <summary>Lets all connections follow a change of the access policy and of the doors.</summary>
    public void Review()
    {
        foreach (var connection in Open()) connection.Review();
    }

    /// <summary>
    /// Asks every connection to answer the requests that were read and to close. Aborts connections that take longer than
    /// <see cref="Limits.StopTime"/>.
    /// </summary>
    public async Task StopAsync()
    {
        Interlocked.Exchange(ref _stopping, 1);
        foreach (var connection in Open()) connection.Stop();
        if (Count == 0) return;
        try
        {
            await _empty.Task.WaitAsync(_host.Limits.StopTime, _host.Time);
        }
        catch (TimeoutException)
        {
            ConnectionLog.Cut(_host.Logger, Count);
            foreach (var connection in Open()) connection.Abort();
        }
    }

    public void Dispose() => _sweep.Dispose();

    private List<Connection> Open()
    {
        var open = new List<Connection>(Count);
        foreach (var slice in _slices)
        {
            lock (slice) open.AddRange(slice.Keys);
        }
        return open;
    }

    private void Sweep()
    {
        // A timer's callbacks may overlap where one takes long; then a slice waits for its next turn.
        if (!Monitor.TryEnter(_swept)) return;
        try
        {
            var now = _host.Time.GetTimestamp();
            if (_host.Time.GetElapsedTime(_sweptAt, now) > Suspended) _awakeSince = now;
            _sweptAt = now;
            _turn = (_turn + 1) % Slices;
            var slice = _slices[_turn];
            lock (slice) _swept.AddRange(slice.Keys); // sweeping one may remove it
            foreach (var connection in _swept) Sweep(connection, now);
            _swept.Clear();
        }
        finally
        {
            Monitor.Exit(_swept);
        }
    }

    private void Sweep(Connection connection, long now)
    {
        try
        {
            connection.Sweep(now, _awakeSince);
        }
        catch (Exception exception)
        {
            ConnectionLog.Failed(_host.Logger, exception); // one connection's failure must not reach the timer, which would end the process
        }
    }

    private void CountOut()
    {
        if (Interlocked.Decrement(ref _count) == 0 && Stopping) _empty.TrySetResult();
    }

    private void LeaveAddress(IPAddress address)
    {
        if (_perAddress.AddOrUpdate(address, 0, (_, count) => count - 1) <= 0) _perAddress.TryRemove(KeyValuePair.Create(address, 0));
    }
}
