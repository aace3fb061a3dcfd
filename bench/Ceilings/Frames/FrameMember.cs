using System.Collections.Concurrent;
using System.Globalization;

namespace SharedState.Bench.Ceilings.Frames;

internal delegate FrameRoom FindRoom(ReadOnlySpan<byte> name);

/// <summary>One upgraded connection: reads frames, and writes what waits in one go.</summary>
internal sealed class FrameMember(Stream stream, FindRoom find)
{
    private static readonly byte[] Done = FrameBytes.Text("{}"u8);
    private static readonly ConcurrentDictionary<int, byte[]> Snapshots = [];

    private readonly FrameOutbox _outbox = new(stream);
    private byte[] _received = new byte[4 << 10];
    private int _count;
    private FrameRoom? _room;
    private byte[] _acknowledgement = [];
    private bool _follows;

    public async Task RunAsync()
    {
        try
        {
            while (await stream.ReadAsync(_received.AsMemory(_count)) is > 0 and var count)
            {
                _count += count;
                if (!TakeAll()) return;
                // The more came at once, the more room for the next.
                if (_count == _received.Length || count > _received.Length / 2) Grow();
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            // The client is gone, as all are at the end of a measurement.
        }
        finally
        {
            if (_follows) _room?.Remove(this);
        }
    }

    public void Add(byte[] frames) => _outbox.Add(frames);

    public void Acknowledge() => _outbox.Add(_acknowledgement);

    public void Flush() => _outbox.Flush();

    private void Grow()
    {
        if (_received.Length < 4 << 20) Array.Resize(ref _received, _received.Length * 2);
    }

    private bool TakeAll()
    {
        var rest = _received.AsSpan(0, _count);
        while (FrameBytes.TryRead(rest, out var message, out var closes) is > 0 and var taken)
        {
            if (closes) return false;
            if (Command.TryRead(message, out var command)) Obey(command);
            else if (_room!.Empty) Acknowledge();
            else _room.Publish(message, this);
            rest = rest[taken..];
        }
        rest.CopyTo(_received);
        _count = rest.Length;
        Flush();
        return true;
    }

    private void Obey(Command command)
    {
        switch (command.Letter)
        {
            case Command.Acknowledgement:
                _acknowledgement = FrameBytes.Text(command.Text);
                break;
            case Command.Get:
                Add(Snapshots.GetOrAdd(int.Parse(command.Text, CultureInfo.InvariantCulture), length => FrameBytes.Text(new byte[length])));
                return;
            default:
                _room = find(command.Text);
                _follows = command.Letter == Command.Follow;
                if (_follows) _room.Add(this);
                break;
        }
        Add(Done);
    }
}
