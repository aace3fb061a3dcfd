using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace SharedState.Host.Json;

/// <summary>
/// JSON Merge Patch (RFC 7396) on the bytes of an item. Members that a patch does not touch keep their bytes and their order. Reads the
/// item once, however deep the patch goes.
/// </summary>
internal static class MergePatch
{
    private static readonly JsonReaderOptions Deep = new() { MaxDepth = int.MaxValue };
    private static readonly JsonDocumentOptions DeepDocument = new() { MaxDepth = int.MaxValue };

    /// <summary>Merges a patch into an object. The member <c>id</c> of both is left as it is.</summary>
    /// <param name="target">The item, a JSON object.</param>
    /// <param name="patch">A JSON object.</param>
    /// <returns>The merged object; null if the patch changes nothing.</returns>
    public static byte[]? Apply(ReadOnlyMemory<byte> target, ReadOnlyMemory<byte> patch)
    {
        using var document = JsonDocument.Parse(patch, DeepDocument);
        var merge = new Merge(target.Length + patch.Length);
        var reader = new Utf8JsonReader(target.Span, Deep);
        reader.Read();
        merge.Object(ref reader, target.Span, document.RootElement, isItem: true);
        return merge.Changed ? merge.Output.WrittenSpan.ToArray() : null;
    }

    /// <summary>The item that a patch creates if there is none: its members without the nulls.</summary>
    public static byte[] Create(ReadOnlyMemory<byte> patch)
    {
        using var document = JsonDocument.Parse(patch, DeepDocument);
        var merge = new Merge(patch.Length);
        merge.New(document.RootElement);
        return merge.Output.WrittenSpan.ToArray();
    }

    private const int ShortName = 128;

    private struct Merge(int size)
    {
        public readonly ArrayBufferWriter<byte> Output = new(size);

        /// <summary>Whether the output differs from the target.</summary>
        public bool Changed { get; private set; }

        /// <summary>Merges a patch into the object whose start the reader stands on; on return the reader stands on its end.</summary>
        public void Object(ref Utf8JsonReader reader, ReadOnlySpan<byte> target, JsonElement patch, bool isItem)
        {
            // :: 1. The patch by name; of two members with one name the last one counts.
            var members = new Dictionary<string, JsonProperty>(StringComparer.Ordinal);
            foreach (var member in patch.EnumerateObject()) members[JsonText.NameOf(JsonMarshal.GetRawUtf8PropertyName(member))] = member;
            if (isItem) members.Remove("id");
            var byName = members.GetAlternateLookup<ReadOnlySpan<char>>();

            // :: 2. The members of the target, unchanged or patched.
            var separator = "{"u8;
            var merged = new HashSet<string>(StringComparer.Ordinal);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var start = (int)reader.TokenStartIndex;
                var touched = TryFind(byName, reader.ValueSpan, out var name, out var member);
                if (touched) merged.Add(name!);
                reader.Read();
                var valueStart = (int)reader.TokenStartIndex;
                if (touched && member.Value.ValueKind == JsonValueKind.Null)
                {
                    reader.Skip();
                    Changed = true;
                    continue;
                }
                Output.Write(separator);
                separator = ","u8;
                Output.Write(target[start..valueStart]);
                if (touched && member.Value.ValueKind == JsonValueKind.Object && reader.TokenType == JsonTokenType.StartObject)
                {
                    Object(ref reader, target, member.Value, isItem: false);
                    continue;
                }
                reader.Skip();
                var value = target[valueStart..(int)reader.BytesConsumed];
                if (touched) Value(member.Value, value);
                else Output.Write(value);
            }

            // :: 3. The new members.
            foreach (var (name, member) in members)
            {
                if (merged.Contains(name) || member.Value.ValueKind == JsonValueKind.Null) continue;
                Output.Write(separator);
                separator = ","u8;
                Name(member);
                Value(member.Value, default);
            }
            Output.Write(separator[0] == (byte)'{' ? "{}"u8 : "}"u8);
        }

        /// <summary>An object of a patch that the target lacks: its members without the nulls.</summary>
        public void New(JsonElement patch)
        {
            var reader = new Utf8JsonReader("{}"u8, Deep);
            reader.Read();
            Object(ref reader, "{}"u8, patch, isItem: false);
        }

        /// <summary>Finds the member of a patch that has a name. An item may have many members, so their names become no strings.</summary>
        private static bool TryFind(
            Dictionary<string, JsonProperty>.AlternateLookup<ReadOnlySpan<char>> members, ReadOnlySpan<byte> spelling, out string? name,
            out JsonProperty member)
        {
            if (spelling.Length > ShortName || spelling.Contains((byte)'\\'))
                return members.TryGetValue(JsonText.NameOf(spelling), out name, out member);
            Span<char> text = stackalloc char[ShortName];
            return members.TryGetValue(text[..Encoding.UTF8.GetChars(spelling, text)], out name, out member);
        }

        private readonly void Name(JsonProperty member)
        {
            Output.Write("\""u8);
            Output.Write(JsonMarshal.GetRawUtf8PropertyName(member));
            Output.Write("\":"u8);
        }

        private void Value(JsonElement value, ReadOnlySpan<byte> old)
        {
            if (value.ValueKind == JsonValueKind.Object)
            {
                New(value);
                Changed = true;
                return;
            }
            var json = JsonMarshal.GetRawUtf8Value(value);
            Output.Write(json);
            Changed |= !json.SequenceEqual(old);
        }
    }
}
