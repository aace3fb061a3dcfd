using SharedState.Host.Collections;
using SharedState.Host.Contents;
using SharedState.Host.Protocol;

namespace SharedState.Host.Connections;

/// <summary>Puts replies and notifications into frames. Each thread has its own, <see cref="OfThisThread"/>; its buffer is
/// reused.</summary>
internal sealed class FrameWriter
{
    // Frames share a body from this size on; a smaller one is copied behind each head.
    private const int LeastShared = 4 << 10;

    // The header of 126 to 65,535 bytes of payload, which most messages have; the text of others is moved.
    private const int UsualHeader = 4;

    [ThreadStatic]
    private static FrameWriter? t_ofThisThread;

    private readonly TextBuffer _text = new();
    private readonly MessageWriter _messages = new();
    private int _frameAt;

    private FrameWriter()
    {
    }

    /// <summary>The calling thread's writer. No method awaits, so the only half-written frame that a method can find is one that an
    /// exception left.</summary>
    public static FrameWriter OfThisThread
    {
        get
        {
            var writer = t_ofThisThread ??= new();
            writer._text.Clear();
            return writer;
        }
    }

    /// <summary>A successful reply; <paramref name="data"/> is a JSON value.</summary>
    public Frame Reply(Request request, ReadOnlySpan<byte> data, int announced)
    {
        Begin();
        _messages.BeginReply(_text, request, position: null, announced);
        _text.Write(data);
        return FinishReply();
    }

    /// <summary>A successful reply with a number.</summary>
    public Frame Reply(Request request, long data, Position position, int announced)
    {
        Begin();
        _messages.BeginReply(_text, request, position, announced);
        _text.Write(data);
        return FinishReply();
    }

    /// <summary>A successful reply with a list of names.</summary>
    public Frame Reply(Request request, IReadOnlyList<string> names, int announced)
    {
        Begin();
        _messages.BeginReply(_text, request, position: null, announced);
        _text.WriteList(names, _text.WriteString);
        return FinishReply();
    }

    /// <summary>The reply to GET of a collection, or of the names of an app's collections, which shares its data.</summary>
    public Frame Reply(Request request, ReadOnlyMemory<byte> items, Position? position, int announced, long? total = null)
    {
        _messages.BeginReply(_text, request, position, announced, total);
        return Frame.FromText(_text.Written, items, MessageWriter.EndOfReply); // counts the items, so the header is made last
    }

    /// <summary>A refusal.</summary>
    public Frame Refuse(Request request, Error error, int announced)
    {
        Begin();
        _messages.Refuse(_text, request, error, announced);
        return Finish();
    }

    /// <summary>The refusal of an update whose precondition failed.</summary>
    public Frame Refuse(Request request, Position position, IReadOnlyList<ItemConflict> conflicts, int announced)
    {
        Begin();
        _messages.Refuse(_text, request, position, conflicts, announced);
        return Finish();
    }

    /// <summary>The reply to GET and PUT of <c>/subs</c>. Where all paths failed, the first error is the request's.</summary>
    public Frame Subscriptions(
        Request request,
        IEnumerable<SubscriptionRequest> current,
        IReadOnlyList<(SubscriptionName Name, Error Error)> errors,
        bool ok,
        int announced)
    {
        Begin();
        _messages.Subscriptions(_text, request, current, errors, ok, announced);
        return Finish();
    }

    /// <summary>The notifications of a notice, one for each of its changes.</summary>
    public Frame Notify(Notice notice, NotifyFormat format)
    {
        if (notice.Lasting && notice.Bytes >= LeastShared)
        {
            _messages.BeginNotify(_text, format, notice, notice.Changes[0]);
            return Frame.FromText(_text.Written, notice.Body(notice.Changes[0]), MessageWriter.EndOfNotify);
        }
        foreach (var change in notice.Changes)
        {
            Begin();
            _messages.BeginNotify(_text, format, notice, change);
            _text.Write(notice.Body(change).Span);
            _text.Write(MessageWriter.EndOfNotify.Span);
            End();
        }
        return Frame.FromWire(_text.Take());
    }

    /// <summary>One part of a notification.</summary>
    /// <param name="notice">The notice, which must be lasting.</param>
    /// <param name="format">How the client names the subscription.</param>
    /// <param name="slice">The part of the notice's body.</param>
    /// <param name="more">Whether another part follows.</param>
    public Frame Part(Notice notice, NotifyFormat format, (int Start, int End) slice, bool more)
    {
        var body = notice.Body(notice.Changes[0])[slice.Start..slice.End];
        _messages.BeginPart(_text, format, notice, slice.End <= notice.Cuts!.RemovedEnd, more);
        return Frame.FromText(_text.Written, body, MessageWriter.EndOfPart);
    }

    /// <summary>The notice that the server ended a subscription, and why.</summary>
    public Frame Drop(NotifyFormat format, Error error)
    {
        Begin();
        MessageWriter.Drop(_text, format, error);
        return Finish();
    }

    private Frame FinishReply()
    {
        _text.Write(MessageWriter.EndOfReply.Span);
        return Finish();
    }

    private Frame Finish()
    {
        End();
        return Frame.FromWire(_text.Take());
    }

    /// <summary>Begins a text frame; what is written until <see cref="End"/> is its payload.</summary>
    private void Begin()
    {
        _frameAt = _text.Length;
        _text.GetSpan(UsualHeader);
        _text.Advance(UsualHeader);
    }

    /// <summary>Ends the text frame: puts its header before the payload.</summary>
    private void End()
    {
        var payload = _text.Length - _frameAt - UsualHeader;
        var header = FrameHeader.LengthFor(payload);
        if (header > UsualHeader)
        {
            _text.GetSpan(FrameHeader.MostBytes);
            _text.Advance(header - UsualHeader);
        }
        var frame = _text.From(_frameAt);
        if (header != UsualHeader) frame.Slice(UsualHeader, payload).CopyTo(frame[header..]);
        if (header < UsualHeader) _text.Advance(header - UsualHeader);
        FrameHeader.Write(frame, FrameHeader.Text, payload);
    }
}
