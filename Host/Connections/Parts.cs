using SharedState.Host.Contents;
using SharedState.Host.Protocol;

namespace SharedState.Host.Connections;

/// <summary>
/// A large notification in parts. A part is created when it is sent, and shared by all connections that receive the same one. Thread-safe:
/// two threads may create the same part, and one of the equal frames stays.
/// </summary>
internal sealed class Parts
{
    private readonly Notice _notice;
    private readonly NotifyFormat _format;
    private readonly List<(int Start, int End)> _slices;
    private readonly Frame?[] _frames;

    public Parts(Notice notice, NotifyFormat format)
    {
        (_notice, _format) = (notice, format);
        _slices = notice.Cuts!.Slices(notice.Bytes, format.PartBytes);
        _frames = new Frame?[_slices.Count];
    }

    public int Count => _slices.Count;

    public Frame this[int index] =>
        _frames[index] ??= FrameWriter.OfThisThread.Part(_notice, _format, _slices[index], more: index < Count - 1);
}
