using System.Text;
using static SharedState.Host.Tests.Engine.RawSocket;

namespace SharedState.Host.Tests.Protocol.Autobahn;

/// <summary>A case of the Autobahn testsuite: bytes to send, and the frames that answer them.</summary>
/// <param name="Number">Its number there.</param>
/// <param name="Sent">The bytes to send, all at once.</param>
/// <param name="Answers">
/// The frames that come, in order: <c>reply</c> (to a message that is no request), <c>echo TEXT</c> (a reply whose tunnel is the text),
/// <c>pong TEXT</c>,
/// <c>close CODE</c>. Without a close the connection must live on.
/// </param>
/// <param name="Chop">The bytes of one write; 0 for all.</param>
internal sealed record AutobahnCase(string Number, byte[] Sent, string[] Answers, int Chop = 0)
{
    /// <summary>The payload of a request whose reply carries the text back: the server is no echo server.</summary>
    public static byte[] Request(string text) =>
        [.. "{\"type\":\"REQUEST\",\"cmd\":\"GET\",\"path\":\"/subs\",\"tunnel\":\""u8, .. Encoding.UTF8.GetBytes(text), .. "\"}"u8];

    /// <summary>The frame of such a request.</summary>
    public static byte[] Echo(string text) => Frame(Text, Request(text));

    /// <summary>A message in fragments.</summary>
    public static byte[] Fragments(int opcode, IReadOnlyList<byte[]> payloads) =>
        [
            .. payloads.SelectMany(
                (payload, index) => Frame(index == 0 ? opcode : Continuation, payload, final: index == payloads.Count - 1)),
        ];

    /// <summary>A message in fragments of a size.</summary>
    public static byte[] Fragments(int opcode, byte[] payload, int size) =>
        Fragments(opcode, payload.Length == 0 ? [payload] : [.. payload.Chunk(size)]);

    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
