using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using SharedState;

namespace Acme.Items.Files;

/// <summary>A collection as it was at one revision, in memory and as JSON. It never changes; an update makes another one.</summary>
internal sealed class Collection(CollectionKey key)
{
    private static readonly JsonWriterOptions Readable = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public CollectionKey Key { get; } = key;

    public long Revision { get; private init; }

    public long LastRemoval { get; private init; }

    public ImmutableSortedDictionary<string, StoredItem> Items { get; private init; } =
        ImmutableSortedDictionary.Create<string, StoredItem>(StringComparer.Ordinal);

    /// <summary>The collection after an update: this one, where it has no effect.</summary>
    public Collection With(ItemUpdate update)
    {
        var left = update.Reset ? Items.Clear() : Items.RemoveRange(update.Remove);
        var removes = left.Count < Items.Count;
        if (!removes && update.Insert.Count == 0) return this;
        var revision = Revision + 1;
        var items = left.SetItems(update.Insert.Select(item => KeyValuePair.Create(item.Id, new StoredItem(item.Id, item.Json, revision))));
        return new(Key) { Revision = revision, LastRemoval = removes ? revision : LastRemoval, Items = items };
    }

    public void WriteTo(Stream file)
    {
        using var json = new Utf8JsonWriter(file, Readable);
        json.WriteStartObject();
        json.WriteString("app", Key.App);
        json.WriteString("collection", Key.Collection);
        json.WriteNumber("revision", Revision);
        json.WriteNumber("lastRemoval", LastRemoval);
        json.WriteStartArray("items");
        foreach (var item in Items.Values)
        {
            json.WriteStartObject();
            json.WriteString("id", item.Id);
            json.WriteNumber("revision", item.Revision);
            // An item is given back byte for byte. Blanks around a JSON value get lost, so where there are some it is kept as a text.
            var value = item.Json.Span;
            if (value[0] == '{' && value[^1] == '}')
            {
                json.WritePropertyName("item");
                json.WriteRawValue(value, skipInputValidation: true);
            }
            else json.WriteString("text", value);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <exception cref="JsonException">It is no JSON.</exception>
    /// <exception cref="KeyNotFoundException">A property is missing.</exception>
    /// <exception cref="InvalidOperationException">A property is of another type.</exception>
    public static Collection Read(byte[] file)
    {
        // An item may be nested 256 levels deep, inside the levels of the file.
        using var document = JsonDocument.Parse(file, new() { MaxDepth = 300 });
        var root = document.RootElement;
        var items = root.GetProperty("items")
            .EnumerateArray()
            .Select(entry =>
            {
                var value = entry.TryGetProperty("item", out var item)
                    ? JsonMarshal.GetRawUtf8Value(item).ToArray()
                    : Encoding.UTF8.GetBytes(entry.GetProperty("text").GetString()!);
                return new StoredItem(entry.GetProperty("id").GetString()!, value, entry.GetProperty("revision").GetInt64());
            });
        return new(new(root.GetProperty("app").GetString()!, root.GetProperty("collection").GetString()!))
        {
            Revision = root.GetProperty("revision").GetInt64(),
            LastRemoval = root.GetProperty("lastRemoval").GetInt64(),
            Items = items.ToImmutableSortedDictionary(item => item.Id, item => item, StringComparer.Ordinal),
        };
    }
}
