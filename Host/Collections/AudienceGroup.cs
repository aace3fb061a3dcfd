using System.Text.Json;
using SharedState.Host.Protocol;

namespace SharedState.Host.Collections;

/// <summary>
/// Those who follow a collection under one spelling of its path. What a batch changed is made into frames once for all of them; each gets the
/// same bytes.
/// </summary>
internal sealed class AudienceGroup(JsonEncodedText path)
{
    // More is sent in several pieces, each of which someone who is behind may refuse. Below what the garbage collector takes for a large object.
    private const int PieceBytes = 64 << 10;

    private readonly WireBuffer _open = new();
    private Position _openSince;

    public List<Subscription> Members { get; } = [];

    /// <summary>How many get every change as it is.</summary>
    public int Followers { get; set; }

    /// <summary>What is to be sent, and the position on which it builds; complete after <see cref="Seal"/>.</summary>
    public List<(Frame Frame, Position Since)> Pieces { get; } = [];

    /// <summary>Adds the notification of one update.</summary>
    public void Add(Bodies bodies, Position before, ReadOnlySpan<byte> changes)
    {
        if (_open.Length == 0) _openSince = before;
        FrameWriter.OfThisThread.Notify(_open, path, bodies.Position, before.Revision, changes);
        if (_open.Length >= PieceBytes) Seal();
    }

    /// <summary>Adds an update that is told by the whole collection, or is large.</summary>
    public void AddAlone(Bodies bodies, Position before)
    {
        Seal();
        Pieces.Add((bodies.FrameSince(before, path), before));
    }

    /// <summary>Makes a piece of what was added last.</summary>
    public void Seal()
    {
        if (_open.Length > 0) Pieces.Add((Frame.FromWire(_open.Take()), _openSince));
    }

    /// <summary>Forgets what was added.</summary>
    public void Drop()
    {
        _open.Clear();
        Pieces.Clear();
    }
}
