using System.Net;
using SharedState.Host.Diagnostics;

namespace SharedState.Host.Http;

/// <summary>
/// The accepted connections that are not counted among the clients: unfinished handshakes, requests for pages, clients that are refused
/// and have not left yet.
/// Their number is bounded. When all places are taken, the newest connection gets the place of the oldest that keeps the server waiting
/// (docs/adr/0047).
/// </summary>
internal sealed class Doorway(TimeProvider time, ILogger logger)
{
    // Long enough for a handshake over a slow network; connections that arrive meanwhile wait in the kernel's backlog.
    private static readonly TimeSpan LeastStay = TimeSpan.FromSeconds(1);

    // How often a waiting connection looks for a place.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    private readonly Lock _gate = new();
    private readonly LinkedList<Visit> _visits = new();             // guarded by _gate, the oldest first
    private readonly Dictionary<IPAddress, int> _byAddress = [];    // guarded by _gate
    private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _places, _placesOfAddress; // set once, before _open

    /// <summary>The connections that hold a place.</summary>
    public int Count
    {
        get { lock (_gate) return _visits.Count; }
    }

    /// <summary>Lets connections in. Before that they wait in the kernel's backlog.</summary>
    /// <param name="places">The number of places.</param>
    /// <param name="share">The part of the places that one address may hold, from 0 to 1; at least one place.</param>
    public void Open(int places, double share)
    {
        (_places, _placesOfAddress) = (places, Math.Max(1, (int)(places * share)));
        _open.TrySetResult();
    }

    /// <summary>Waits until connections are let in.</summary>
    public Task OpenAsync(CancellationToken stop) => _open.Task.WaitAsync(stop);

    /// <summary>
    /// Takes a place, at the latest when the oldest visit has lasted a second. For one connection at a time of each listening socket.
    /// </summary>
    public async Task EnterAsync(Visit visit, CancellationToken stop)
    {
        while (!TryEnter(visit)) await Task.Delay(Pause, time, stop);
    }

    /// <summary>Gives a place back; without effect if the visit has none.</summary>
    public void Leave(Visit visit)
    {
        lock (_gate) Remove(visit);
    }

    private bool TryEnter(Visit visit)
    {
        Visit? oldest = null;
        lock (_gate)
        {
            var mayEnter = _byAddress.GetValueOrDefault(visit.Address) < _placesOfAddress;
            if (!mayEnter || _visits.Count >= _places)
            {
                oldest = Oldest(mayEnter ? null : visit.Address);
                if (oldest is null) return false;
                Remove(oldest);
            }
            visit.Since = time.GetTimestamp();
            visit.Place = _visits.AddLast(visit);
            _byAddress[visit.Address] = _byAddress.GetValueOrDefault(visit.Address) + 1;
        }
        if (oldest is null) return true;
        Log.HandshakeCut(logger, _places);
        oldest.Cut();
        return true;
    }

    /// <summary>The oldest visit, of one address or of all, that has lasted long enough and keeps the server waiting.</summary>
    private Visit? Oldest(IPAddress? address)
    {
        foreach (var visit in _visits)
        {
            if (time.GetElapsedTime(visit.Since) < LeastStay) return null;
            if ((address is null || visit.Address.Equals(address)) && visit.WaitsForClient) return visit;
        }
        return null;
    }

    private void Remove(Visit visit)
    {
        if (visit.Place is null) return;
        _visits.Remove(visit.Place);
        visit.Place = null;
        if (--_byAddress[visit.Address] == 0) _byAddress.Remove(visit.Address);
    }
}
