using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using SharedState.Host.Collections;
using SharedState.Host.Contents;

namespace SharedState.Host.Protocol;

/// <summary>Writes replies and notifications as text, which a connection then frames.</summary>
/// <remarks>
/// The items are at the end of each message, so that messages can share them: the text before the items is specific to the message, and
/// <see cref="EndOfNotify"/> or <see cref="EndOfReply"/> closes it. Names and punctuation are copied unchanged; only texts that may need
/// escaping are encoded.
/// </remarks>
internal sealed class MessageWriter
{
    /// <summary>Closes a message after the items.</summary>
    public static readonly ReadOnlyMemory<byte> EndOfNotify = "}}"u8.ToArray(), EndOfPart = "]}}"u8.ToArray(), EndOfReply = "}"u8.ToArray();

    private string _epoch = "";         // the epoch that was written last
    private JsonEncodedText _epochJson; // its encoded form

    /// <summary>A successful reply up to its data, a JSON value that is to follow with <see cref="EndOfReply"/>.</summary>
    /// <param name="text">Gets it.</param>
    /// <param name="request">The request.</param>
    /// <param name="position">The position of the collection, if the reply is about one.</param>
    /// <param name="announced">The largest message that the server accepts, for the first reply of a connection; otherwise 0.</param>
    /// <param name="total">For a view with a limit: the number of items that match.</param>
    public void BeginReply(TextBuffer text, Request request, Position? position, int announced, long? total = null)
    {
        WriteReply(text, request, ok: true, position, announced);
        WriteTotal(text, total);
        text.Write(",\"data\":"u8);
    }

    /// <summary>A refusal.</summary>
    public void Refuse(TextBuffer text, Request request, Error error, int announced)
    {
        WriteReply(text, request, ok: false, position: null, announced);
        WriteError(text, error);
        text.Write(EndOfReply.Span);
    }

    /// <summary>The refusal of an update whose precondition failed.</summary>
    public void Refuse(TextBuffer text, Request request, Position position, IReadOnlyList<ItemConflict> conflicts, int announced)
    {
        WriteReply(text, request, ok: false, position, announced);
        WriteError(text, Error.Conflict);
        text.Write(",\"conflicts\":"u8);
        text.WriteList(conflicts, conflict =>
        {
            text.Write("{\"id\":"u8);
            text.WriteString(conflict.Id);
            if (conflict.Json is not { } item) text.Write(",\"item\":null"u8);
            else if (item.Length > 0)
            {
                text.Write(",\"item\":"u8);
                text.Write(item.Span);
            }
            text.Write("}"u8);
        });
        text.Write(EndOfReply.Span);
    }

    /// <summary>The reply to GET and PUT of <c>/subs</c>. Where all paths failed, the first error is the request's.</summary>
    public void Subscriptions(
        TextBuffer text,
        Request request,
        IEnumerable<SubscriptionRequest> current,
        IReadOnlyList<(SubscriptionName Name, Error Error)> errors,
        bool ok,
        int announced)
    {
        WriteReply(text, request, ok, position: null, announced);
        if (ok)
        {
            text.Write(",\"data\":"u8);
            text.WriteList(current, subscription =>
            {
                text.Write("["u8);
                text.WriteString(subscription.Name.Spelling);
                text.Write(","u8);
                text.Write(subscription.Options.Echo);
                text.Write("]"u8);
            });
        }
        else
        {
            WriteError(text, errors[0].Error);
        }
        if (errors.Count > 0)
        {
            text.Write(",\"errors\":"u8);
            text.WriteList(errors, refused =>
            {
                text.Write("["u8);
                text.WriteString(refused.Name.Spelling);
                text.Write(","u8);
                WriteErrorObject(text, refused.Error, refused.Name.As);
                text.Write("]"u8);
            });
        }
        text.Write(EndOfReply.Span);
    }

    /// <summary>A notification up to its body, which is to follow with <see cref="EndOfNotify"/>.</summary>
    /// <param name="text">Gets it.</param>
    /// <param name="format">How the client names the subscription.</param>
    /// <param name="notice">The news.</param>
    /// <param name="change">The change of the notice that the notification contains.</param>
    public void BeginNotify(TextBuffer text, NotifyFormat format, Notice notice, Change change)
    {
        WriteNotify(text, format, notice, change);
        if (notice.Since is null) text.Write(""","data":{"reset":true,"remove":[],"insert":"""u8);
        else text.Write(""","data":{"reset":false,"remove":"""u8);
    }

    /// <summary>One part of a notification up to its elements, which are to follow with <see cref="EndOfPart"/>.</summary>
    /// <param name="text">Gets it.</param>
    /// <param name="format">How the client names the subscription.</param>
    /// <param name="notice">The whole notification.</param>
    /// <param name="removed">Whether the elements are removed ids; else they are items.</param>
    /// <param name="more">Whether another part follows.</param>
    public void BeginPart(TextBuffer text, NotifyFormat format, Notice notice, bool removed, bool more)
    {
        WriteNotify(text, format, notice, notice.Changes[0]);
        if (more) text.Write(",\"more\":true"u8);
        text.Write(notice.Since is null ? ",\"data\":{\"reset\":true"u8 : ",\"data\":{\"reset\":false"u8);
        text.Write(removed ? ",\"insert\":[],\"remove\":["u8 : ",\"remove\":[],\"insert\":["u8);
    }

    /// <summary>The notice that the server ended a subscription, and why.</summary>
    public static void Drop(TextBuffer text, NotifyFormat format, Error error)
    {
        text.Write("{\"type\":\"MESSAGE\",\"cmd\":\"DROP\""u8);
        format.WriteName(text);
        text.Write(",\"error\":"u8);
        WriteErrorObject(text, error);
        text.Write("}"u8);
    }

    private void WriteNotify(TextBuffer text, NotifyFormat format, Notice notice, Change change)
    {
        text.Write("{\"type\":\"MESSAGE\",\"cmd\":\"NOTIFY\""u8);
        format.WriteName(text);
        WritePosition(text, notice.Position with { Revision = change.Revision }, format.Tag);
        WriteTotal(text, change.Total);
        if (notice.Since is null) return;
        text.Write(",\"prev\":"u8);
        text.Write(change.Since);
    }

    private static void WriteTotal(TextBuffer text, long? total)
    {
        if (total is not { } number) return;
        text.Write(",\"total\":"u8);
        text.Write(number);
    }

    private void WriteReply(TextBuffer text, Request request, bool ok, Position? position, int announced)
    {
        text.Write("""{"type":"REPLY","cmd":"""u8);
        text.Write(request.Command);
        text.Write(",\"tunnel\":"u8);
        text.Write(request.Tunnel);
        text.Write(ok ? ",\"ok\":true"u8 : ",\"ok\":false"u8);
        if (position is { } known) WritePosition(text, known);
        if (announced == 0) return;
        text.Write(",\"limits\":{\"message\":"u8);
        text.Write(announced);
        text.Write("}"u8);
    }

    private void WritePosition(TextBuffer text, Position position, string tag = "")
    {
        if (!ReferenceEquals(_epoch, position.Epoch))
            (_epoch, _epochJson) = (position.Epoch, JsonEncodedText.Encode(position.Epoch, JavaScriptEncoder.UnsafeRelaxedJsonEscaping));
        text.Write(",\"rev\":"u8);
        text.Write(position.Revision);
        text.Write(",\"epoch\":\""u8);
        text.Write(_epochJson.EncodedUtf8Bytes);
        if (tag.Length > 0) text.Write(Encoding.ASCII.GetBytes(tag));
        text.Write("\""u8);
    }

    private static void WriteError(TextBuffer text, Error error)
    {
        text.Write(",\"data\":"u8);
        text.WriteString(error.Message);
        text.Write(",\"error\":"u8);
        WriteErrorObject(text, error);
    }

    private static void WriteErrorObject(TextBuffer text, Error error, string? name = null)
    {
        text.Write("{\"code\":"u8);
        text.WriteString(error.Code);
        text.Write(",\"message\":"u8);
        text.WriteString(error.Message);
        text.Write(error.Temporary ? ",\"temporary\":true"u8 : ",\"temporary\":false"u8);
        if (name is not null)
        {
            text.Write(",\"as\":"u8);
            text.WriteString(name);
        }
        text.Write("}"u8);
    }
}
