using System.Text.Encodings.Web;
using System.Text.Json;
using SharedState.Host.Contents;

namespace SharedState.Host.Protocol;

/// <summary>How the notifications of a subscription name it. Equal formats share messages.</summary>
/// <param name="Path">The path as the client spelled it.</param>
/// <param name="As">The name that the client gave the subscription; null without.</param>
/// <param name="PartBytes">The bytes of a part, if the client accepts large notifications in parts; otherwise 0.</param>
/// <param name="Tag">The suffix of the epochs; empty without.</param>
internal sealed record NotifyFormat(JsonEncodedText Path, JsonEncodedText? As, int PartBytes, string Tag)
{
    /// <summary>The format that a client asks for.</summary>
    /// <param name="request">The subscription.</param>
    /// <param name="tag">The suffix of the epochs.</param>
    public static NotifyFormat Of(SubscriptionRequest request, string tag = "") =>
        new(Encode(request.Name.Spelling), request.Name.As is { } name ? Encode(name) : null, request.Options.PartBytes, tag);

    /// <summary>Writes the fields that name the subscription, after others.</summary>
    public void WriteName(TextBuffer text)
    {
        text.Write(",\"path\":\""u8);
        text.Write(Path.EncodedUtf8Bytes);
        text.Write("\""u8);
        if (As is not { } name) return;
        text.Write(",\"as\":\""u8);
        text.Write(name.EncodedUtf8Bytes);
        text.Write("\""u8);
    }

    private static JsonEncodedText Encode(string text) => JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping);
}
