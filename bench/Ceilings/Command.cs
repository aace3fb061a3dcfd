namespace SharedState.Bench.Ceilings;

/// <summary>
/// What a client of a ceiling says first, one letter and a text: <c>F room</c> follow a room, <c>A text</c> the acknowledgement that it
/// wants for each message, <c>G bytes</c> send a message of so many bytes. Everything that begins otherwise is relayed to the room's
/// followers.
/// </summary>
internal readonly ref struct Command
{
    public const byte Room = (byte)'R', Follow = (byte)'F', Acknowledgement = (byte)'A', Get = (byte)'G';

    private Command(byte letter, ReadOnlySpan<byte> text)
    {
        Letter = letter;
        Text = text;
    }

    public byte Letter { get; }

    public ReadOnlySpan<byte> Text { get; }

    /// <summary>False for a message that is to be relayed.</summary>
    public static bool TryRead(ReadOnlySpan<byte> message, out Command command)
    {
        command = default;
        if (message.Length < 2 || message[0] == (byte)'{') return false;
        command = new(message[0], message[2..]);
        return true;
    }
}
