using System.Diagnostics.CodeAnalysis;
using System.Text.Encodings.Web;
using System.Text.Json;
using SharedState.Host.Collections;

namespace SharedState.Host.Protocol;

/// <summary>Serializes replies and notifications into frames. Each thread has its own, <see cref="OfThisThread"/>; its buffers are reused.</summary>
/// <remarks>
/// The items stand at the end of each message, so that a frame can share them with others. Names and punctuation are copied as they stand;
/// only texts that may need escaping go through a <see cref="Utf8JsonWriter"/>.
/// </remarks>
[SuppressMessage("Design", "CA1001", Justification = "Its Utf8JsonWriter writes to memory and lives as long as the thread.")]
internal sealed class FrameWriter
{
    // A body from this size on is shared rather than copied behind each head.
    private const int LeastShared = 4 << 10;

    private static readonly ReadOnlyMemory<byte> EndOfNotify = "}}"u8.ToArray(), EndOfReply = "}"u8.ToArray();

    private static readonly JsonWriterOptions Options = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // nothing here goes into HTML
        SkipValidation = true,
        MaxDepth = int.MaxValue,
    };

    [ThreadStatic]
    private static FrameWriter? t_ofThisThread;

    private readonly WireBuffer _wire = new(), _changes = new();
    private readonly Utf8JsonWriter _json;
    private string _epoch = "";           // the last one that was written,
    private JsonEncodedText _epochJson;   // and how

    private FrameWriter() => _json = new(_wire, Options);

    /// <summary>The calling thread's writer. No method awaits, so none meets another's half-written frame, but for one that an exception left.</summary>
    public static FrameWriter OfThisThread
    {
        get
        {
            var writer = t_ofThisThread ??= new();
            writer._wire.Clear();
            return writer;
        }
    }

    /// <summary>A path as a JSON string, for notifications.</summary>
    public static JsonEncodedText Encode(string path) => JsonEncodedText.Encode(path, JavaScriptEncoder.UnsafeRelaxedJsonEscaping);

    // ---- replies

    /// <summary>A successful reply; <paramref name="data"/> is a JSON value.</summary>
    public Frame Reply(Request request, ReadOnlySpan<byte> data, Position? position = null)
    {
        StartReply(request, ok: true, position);
        _wire.Write(",\"data\":"u8);
        _wire.Write(data);
        return FinishReply();
    }

    /// <summary>A successful reply with a number.</summary>
    public Frame Reply(Request request, long data, Position position)
    {
        StartReply(request, ok: true, position);
        _wire.Write(",\"data\":"u8);
        _wire.Write(data);
        return FinishReply();
    }

    /// <summary>The reply to GET of a collection.</summary>
    public Frame Reply(Request request, ReadOnlyMemory<byte> items, Position position)
    {
        // The frame's header counts the shared body, so it is made last.
        WriteReply(request, ok: true, position);
        _wire.Write(",\"data\":"u8);
        return Frame.FromText(_wire.Written, items, EndOfReply);
    }

    /// <summary>A refusal.</summary>
    public Frame Refuse(Request request, Error error, Position? position = null)
    {
        StartReply(request, ok: false, position);
        WriteError(error);
        return FinishReply();
    }

    /// <summary>The reply to GET and PUT of <c>/subs</c>. Where all paths failed, the first error is the request's.</summary>
    public Frame Subscriptions(
        Request request, IEnumerable<SubscriptionRequest> current, IReadOnlyList<(string Spelling, Error Error)> errors, bool ok)
    {
        StartReply(request, ok, position: null);
        if (ok)
        {
            _wire.Write(",\"data\":"u8);
            WriteList(current, subscription =>
            {
                _wire.Write("["u8);
                WriteString(subscription.Spelling);
                _wire.Write(","u8);
                _wire.Write(subscription.Options);
                _wire.Write("]"u8);
            });
        }
        else
        {
            WriteError(errors[0].Error);
        }
        if (errors.Count > 0)
        {
            _wire.Write(",\"errors\":"u8);
            WriteList(errors, refused =>
            {
                _wire.Write("["u8);
                WriteString(refused.Spelling);
                _wire.Write(","u8);
                WriteErrorObject(refused.Error);
                _wire.Write("]"u8);
            });
        }
        return FinishReply();
    }

    /// <summary>A JSON list of strings, as bytes of its own.</summary>
    public byte[] List(IEnumerable<string> values)
    {
        WriteList(values, WriteString);
        return _wire.Take();
    }

    // ---- notifications

    /// <summary>The items of a whole collection, a JSON list, to be shared by many frames.</summary>
    public byte[] Items(ItemWalk items)
    {
        WriteItems(_wire, items);
        return _wire.Take();
    }

    /// <summary>A difference: the list of removed ids, then <c>"insert":</c> and the list of items.</summary>
    /// <returns>Good until the next call.</returns>
    public ReadOnlySpan<byte> Changes(ItemWalk changed)
    {
        _changes.Clear();
        _changes.Write("["u8);
        var first = true;
        foreach (var entry in changed)
        {
            if (!entry.Removed) continue;
            if (!first) _changes.Write(","u8);
            WriteString(entry.Id);
            _changes.Write(_wire.Written);
            _wire.Clear();
            first = false;
        }
        _changes.Write("],\"insert\":"u8);
        WriteItems(_changes, changed);
        return _changes.Written;
    }

    /// <summary>A notification, a frame of its own.</summary>
    /// <param name="path">The path as the client spelled it.</param>
    /// <param name="position">Where the collection stands after it.</param>
    /// <param name="since">The oldest revision that it builds on; null for a reset.</param>
    /// <param name="body">What <see cref="Changes"/> made, or for a reset <see cref="Items"/>.</param>
    public Frame Notify(JsonEncodedText path, Position position, long? since, ReadOnlyMemory<byte> body)
    {
        if (body.Length < LeastShared)
        {
            Notify(_wire, path, position, since, body.Span);
            return Frame.FromWire(_wire.Take());
        }
        WriteNotify(_wire, path, position, since);
        return Frame.FromText(_wire.Written, body, EndOfNotify);
    }

    /// <summary>The notice that a subscription has ended, and why.</summary>
    public Frame Drop(JsonEncodedText path, Error error)
    {
        _wire.BeginText();
        _wire.Write("{\"type\":\"MESSAGE\",\"cmd\":\"DROP\",\"path\":\""u8);
        _wire.Write(path.EncodedUtf8Bytes);
        _wire.Write("\",\"error\":"u8);
        WriteErrorObject(error);
        _wire.Write("}"u8);
        _wire.EndText();
        return Frame.FromWire(_wire.Take());
    }

    /// <summary>A notification, a frame at the end of others.</summary>
    public void Notify(WireBuffer frames, JsonEncodedText path, Position position, long? since, ReadOnlySpan<byte> body)
    {
        frames.BeginText();
        WriteNotify(frames, path, position, since);
        frames.Write(body);
        frames.Write(EndOfNotify.Span);
        frames.EndText();
    }

    private void WriteNotify(WireBuffer target, JsonEncodedText path, Position position, long? since)
    {
        target.Write("{\"type\":\"MESSAGE\",\"cmd\":\"NOTIFY\",\"path\":\""u8);
        target.Write(path.EncodedUtf8Bytes);
        target.Write("\""u8);
        WritePosition(target, position);
        if (since is not { } revision)
        {
            target.Write(""","data":{"reset":true,"remove":[],"insert":"""u8);
            return;
        }
        target.Write(",\"prev\":"u8);
        target.Write(revision);
        target.Write(""","data":{"reset":false,"remove":"""u8);
    }

    private static void WriteItems(WireBuffer target, ItemWalk items)
    {
        target.Write("["u8);
        var first = true;
        foreach (var entry in items)
        {
            if (entry.Removed) continue;
            if (!first) target.Write(","u8);
            target.Write(entry.Json.Span);
            first = false;
        }
        target.Write("]"u8);
    }

    // ---- pieces

    private void StartReply(Request request, bool ok, Position? position)
    {
        _wire.BeginText();
        WriteReply(request, ok, position);
    }

    private void WriteReply(Request request, bool ok, Position? position)
    {
        _wire.Write("""{"type":"REPLY","cmd":"""u8);
        _wire.Write(request.Command);
        _wire.Write(",\"tunnel\":"u8);
        _wire.Write(request.Tunnel);
        _wire.Write(ok ? ",\"ok\":true"u8 : ",\"ok\":false"u8);
        if (position is { } known) WritePosition(_wire, known);
    }

    private Frame FinishReply()
    {
        _wire.Write(EndOfReply.Span);
        _wire.EndText();
        return Frame.FromWire(_wire.Take());
    }

    private void WritePosition(WireBuffer target, Position position)
    {
        if (!ReferenceEquals(_epoch, position.Epoch)) (_epoch, _epochJson) = (position.Epoch, Encode(position.Epoch));
        target.Write(",\"rev\":"u8);
        target.Write(position.Revision);
        target.Write(",\"epoch\":\""u8);
        target.Write(_epochJson.EncodedUtf8Bytes);
        target.Write("\""u8);
    }

    private void WriteError(Error error)
    {
        _wire.Write(",\"data\":"u8);
        WriteString(error.Message);
        _wire.Write(",\"error\":"u8);
        WriteErrorObject(error);
    }

    private void WriteErrorObject(Error error)
    {
        _wire.Write("{\"code\":"u8);
        WriteString(error.Code);
        _wire.Write(",\"message\":"u8);
        WriteString(error.Message);
        _wire.Write(error.Temporary ? ",\"temporary\":true}"u8 : ",\"temporary\":false}"u8);
    }

    private void WriteList<T>(IEnumerable<T> values, Action<T> write)
    {
        _wire.Write("["u8);
        var first = true;
        foreach (var value in values)
        {
            if (!first) _wire.Write(","u8);
            write(value);
            first = false;
        }
        _wire.Write("]"u8);
    }

    private void WriteString(string value)
    {
        _json.Reset(); // also of what an exception left
        _json.WriteStringValue(value);
        _json.Flush();
    }
}
