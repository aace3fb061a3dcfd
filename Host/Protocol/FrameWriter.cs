using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace SharedState.Host.Protocol;

/// <summary>Serializes replies and notifications into frames. Each thread has its own, <see cref="OfThisThread"/>; its buffer is reused.</summary>
/// <remarks>The items stand at the end of each message, so that a frame can share them with others.</remarks>
[SuppressMessage("Design", "CA1001", Justification = "Its Utf8JsonWriter writes to memory and lives as long as the thread.")]
internal sealed class FrameWriter
{
    private const int KeptBufferBytes = 1 << 20; // a snapshot's buffer is not kept for the small messages after it

    private static readonly ReadOnlyMemory<byte> EndOfNotify = "}}"u8.ToArray(), EndOfReply = "}"u8.ToArray();

    private static readonly JsonWriterOptions Options = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // nothing here goes into HTML
        SkipValidation = true,
        MaxDepth = int.MaxValue,
    };

    [ThreadStatic]
    private static FrameWriter? t_ofThisThread;

    private readonly Utf8JsonWriter _json;
    private ArrayBufferWriter<byte> _buffer = new(4_096);

    private FrameWriter() => _json = new(_buffer, Options);

    /// <summary>The calling thread's writer. No method awaits, so none meets another's half-written frame, but for one that an exception left.</summary>
    public static FrameWriter OfThisThread
    {
        get
        {
            var writer = t_ofThisThread ??= new();
            if (writer._json.BytesPending > 0 || writer._buffer.WrittenCount > 0) writer.Clear();
            return writer;
        }
    }

    /// <summary>A path as a JSON string, for <see cref="Notify"/>.</summary>
    public static JsonEncodedText Encode(string path) => JsonEncodedText.Encode(path, JavaScriptEncoder.UnsafeRelaxedJsonEscaping);

    /// <summary>A successful reply; <paramref name="data"/> is a JSON value.</summary>
    public Frame Reply(Request request, ReadOnlySpan<byte> data, Position? position = null)
    {
        StartReply(request, ok: true, position);
        _json.WritePropertyName("data"u8);
        _json.WriteRawValue(data, skipInputValidation: true);
        return Finish();
    }

    /// <summary>A successful reply with a number.</summary>
    public Frame Reply(Request request, long data, Position position)
    {
        StartReply(request, ok: true, position);
        _json.WriteNumber("data"u8, data);
        return Finish();
    }

    /// <summary>The reply to GET of a collection.</summary>
    public Frame Reply(Request request, ReadOnlyMemory<byte> items, Position position)
    {
        StartReply(request, ok: true, position);
        _json.WritePropertyName("data"u8);
        return Finish(items, EndOfReply);
    }

    /// <summary>A refusal.</summary>
    public Frame Refuse(Request request, Error error, Position? position = null)
    {
        StartReply(request, ok: false, position);
        WriteError(error);
        return Finish();
    }

    /// <summary>The reply to GET and PUT of <c>/subs</c>. Where all paths failed, the first error is the request's.</summary>
    public Frame Subscriptions(
        Request request, IEnumerable<SubscriptionRequest> current, IReadOnlyList<(string Spelling, Error Error)> errors, bool ok)
    {
        StartReply(request, ok, position: null);
        if (ok)
        {
            _json.WriteStartArray("data"u8);
            foreach (var subscription in current)
            {
                _json.WriteStartArray();
                _json.WriteStringValue(subscription.Spelling);
                _json.WriteRawValue(subscription.Options, skipInputValidation: true);
                _json.WriteEndArray();
            }
            _json.WriteEndArray();
        }
        else
        {
            WriteError(errors[0].Error);
        }
        if (errors.Count > 0)
        {
            _json.WriteStartArray("errors"u8);
            foreach (var (spelling, error) in errors)
            {
                _json.WriteStartArray();
                _json.WriteStringValue(spelling);
                WriteErrorObject(error);
                _json.WriteEndArray();
            }
            _json.WriteEndArray();
        }
        return Finish();
    }

    /// <summary>A notification of what <see cref="Changes"/> wrote.</summary>
    /// <param name="path">The path as the client spelled it.</param>
    /// <param name="position">Where the collection stands after it.</param>
    /// <param name="since">The oldest revision that it builds on; null for a reset.</param>
    /// <param name="changes">The rest of the message.</param>
    public Frame Notify(JsonEncodedText path, Position position, long? since, ReadOnlyMemory<byte> changes)
    {
        _json.WriteStartObject();
        _json.WriteString("type"u8, "MESSAGE"u8);
        _json.WriteString("cmd"u8, "NOTIFY"u8);
        _json.WriteString("path"u8, path);
        WritePosition(position);
        if (since is { } revision) _json.WriteNumber("prev"u8, revision);
        _json.WritePropertyName("data"u8);
        _json.WriteStartObject();
        _json.WriteBoolean("reset"u8, since is null);
        if (since is null)
        {
            _json.WriteStartArray("remove"u8);
            _json.WriteEndArray();
            _json.WritePropertyName("insert"u8);
        }
        else
        {
            _json.WritePropertyName("remove"u8);
        }
        return Finish(changes, EndOfNotify);
    }

    /// <summary>A JSON list of strings or of items, as bytes of its own.</summary>
    public byte[] List(IEnumerable<string> values)
    {
        _json.WriteStartArray();
        foreach (var value in values) _json.WriteStringValue(value);
        _json.WriteEndArray();
        return Take();
    }

    /// <summary>The items of a whole collection, a JSON list, to be shared by many frames.</summary>
    public byte[] Items(Collections.ItemWalk items)
    {
        WriteItems(items);
        return Take();
    }

    /// <summary>A difference: the list of removed ids, then <c>"insert":</c> and the list of items.</summary>
    public byte[] Changes(Collections.ItemWalk changed)
    {
        // Utf8JsonWriter's own state would put no comma after a finished top-level value, so the two lists are properties of an object
        // whose start and name are cut off again.
        _json.WriteStartObject();
        _json.WriteStartArray("remove"u8);
        foreach (var entry in changed)
        {
            if (entry.Removed) _json.WriteStringValue(entry.Id);
        }
        _json.WriteEndArray();
        _json.WritePropertyName("insert"u8);
        WriteItems(changed);
        _json.Flush();
        var bytes = _buffer.WrittenSpan["""{"remove":""".Length..].ToArray();
        Clear();
        return bytes;
    }

    private void WriteItems(Collections.ItemWalk items)
    {
        _json.WriteStartArray();
        foreach (var entry in items)
        {
            if (!entry.Removed) _json.WriteRawValue(entry.Json.Span, skipInputValidation: true);
        }
        _json.WriteEndArray();
    }

    private void StartReply(Request request, bool ok, Position? position)
    {
        _json.WriteStartObject();
        _json.WriteString("type"u8, "REPLY"u8);
        _json.WritePropertyName("cmd"u8);
        _json.WriteRawValue(request.Command, skipInputValidation: true);
        _json.WritePropertyName("tunnel"u8);
        _json.WriteRawValue(request.Tunnel, skipInputValidation: true);
        _json.WriteBoolean("ok"u8, ok);
        if (position is { } known) WritePosition(known);
    }

    private void WritePosition(Position position)
    {
        _json.WriteNumber("rev"u8, position.Revision);
        _json.WriteString("epoch"u8, position.Epoch);
    }

    private void WriteError(Error error)
    {
        _json.WriteString("data"u8, error.Message);
        _json.WritePropertyName("error"u8);
        WriteErrorObject(error);
    }

    private void WriteErrorObject(Error error)
    {
        _json.WriteStartObject();
        _json.WriteString("code"u8, error.Code);
        _json.WriteString("message"u8, error.Message);
        _json.WriteBoolean("temporary"u8, error.Temporary);
        _json.WriteEndObject();
    }

    private Frame Finish()
    {
        _json.WriteEndObject();
        return Finish(default, default);
    }

    private Frame Finish(ReadOnlyMemory<byte> body, ReadOnlyMemory<byte> tail)
    {
        _json.Flush();
        var frame = Frame.FromText(_buffer.WrittenSpan, body, tail);
        Clear();
        return frame;
    }

    private byte[] Take()
    {
        _json.Flush();
        var bytes = _buffer.WrittenSpan.ToArray();
        Clear();
        return bytes;
    }

    private void Clear()
    {
        if (_buffer.Capacity > KeptBufferBytes) _buffer = new(4_096);
        else _buffer.ResetWrittenCount();
        _json.Reset(_buffer);
    }
}
