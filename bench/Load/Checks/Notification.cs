using System.Text;
using System.Text.Json;
using SharedState.Bench.Load.Dialects;
using SharedState.Bench.Load.Wire;

namespace SharedState.Bench.Load.Checks;

/// <summary>All that one notification of Shared State says, read with a real parser.</summary>
/// <param name="Revision">To where it leads.</param>
/// <param name="Previous">On what it builds; null for a whole collection.</param>
/// <param name="Epoch">In what the revisions count.</param>
/// <param name="Reset">Whether it is a whole collection.</param>
/// <param name="Removed">How many ids it takes out.</param>
/// <param name="Items">The inserted items' stamps and bytes, by id.</param>
internal sealed record Notification(
    long Revision, long? Previous, string Epoch, bool Reset, int Removed, IReadOnlyDictionary<string, (Stamp Stamp, int Bytes)> Items)
{
    /// <summary>Reads what comes after a subscribe: the reply's frame, and the notification's.</summary>
    public static Notification Read(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return Parse(bytes);
        }
        catch (Exception exception)
            when (exception is JsonException or KeyNotFoundException or InvalidOperationException or ArgumentException)
        {
            throw new Violation($"a notification is not as it should be: {exception.Message}");
        }
    }

    private static Notification Parse(ReadOnlySpan<byte> bytes)
    {
        var reply = FrameScanner.TryRead(bytes, out var text, out _, out _);
        if (!JsonElement.Parse(text).GetProperty("ok").GetBoolean()) throw new Violation("a subscribe was refused");
        FrameScanner.TryRead(bytes[reply..], out text, out _, out _);
        var message = JsonElement.Parse(text);
        var data = message.GetProperty("data");
        return new(
            message.GetProperty("rev").GetInt64(),
            message.TryGetProperty("prev", out var previous) ? previous.GetInt64() : null,
            message.GetProperty("epoch").GetString()!,
            data.GetProperty("reset").GetBoolean(),
            data.GetProperty("remove").GetArrayLength(),
            // Two items with one id are an ArgumentException.
            data.GetProperty("insert").EnumerateArray().ToDictionary(
                item => item.GetProperty("id").GetString()!,
                item => (Stamp.Read(Encoding.ASCII.GetBytes(item.GetProperty("n").GetString()!)), item.GetRawText().Length))); // ASCII
    }
}
