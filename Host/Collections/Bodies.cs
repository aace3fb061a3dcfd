using System.Text.Json;
using SharedState.Host.Protocol;

namespace SharedState.Host.Collections;

/// <summary>
/// What brings someone at a position to now, as frames. The bodies that were built last are kept, to be shared by all who stand at the same
/// revision: a thousand reconnecting clients cost one serialization.
/// </summary>
internal sealed class Bodies(ItemLog log)
{
    private ItemLog _log = log;
    private byte[]? _snapshot, _difference;
    private long _differenceSince;

    public Position Position => _log.Position;

    /// <summary>Another log takes the place of the one there was.</summary>
    public void Replace(ItemLog log)
    {
        _log = log;
        Forget();
    }

    /// <summary>The items, a JSON list. Built once for each revision.</summary>
    public ReadOnlyMemory<byte> Snapshot() => _snapshot ??= FrameWriter.OfThisThread.Items(_log.All);

    /// <summary>The revision moved, or nobody may ask for the bodies again.</summary>
    public void Forget() => (_snapshot, _difference) = (null, null);

    /// <summary>
    /// The difference where there is one, else the whole. The first snapshot, the resume after a reconnect, and the merged catch-up of who
    /// lags: all are this.
    /// </summary>
    public Frame FrameSince(Position? known, JsonEncodedText path)
    {
        if (known is not { } position || !Reaches(position)) return FrameWriter.OfThisThread.Notify(path, Position, since: null, Snapshot());
        if (_difference is null || _differenceSince != position.Revision)
            (_difference, _differenceSince) = (FrameWriter.OfThisThread.Changes(_log.Since(position.Revision)).ToArray(), position.Revision);
        return FrameWriter.OfThisThread.Notify(path, Position, position.Revision, _difference);
    }

    /// <summary>What the last update changed, as a difference; good until the next call on this thread.</summary>
    public ReadOnlySpan<byte> ChangesSince(long revision) => FrameWriter.OfThisThread.Changes(_log.Since(revision));

    /// <summary>Whether the difference from there to now can be told.</summary>
    public bool Reaches(Position position) =>
        position.Epoch == Position.Epoch && position.Revision >= _log.HistoryStart && position.Revision <= Position.Revision;
}
