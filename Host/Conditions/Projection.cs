using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using SharedState.Host.Json;

namespace SharedState.Host.Conditions;

/// <summary>
/// The fields that subscribers get of an item. What is kept stays byte for byte, in its order; the <c>id</c> is always kept. A path reaches
/// through arrays like that of a condition: the objects of an array keep their part, other elements only by their index.
/// </summary>
internal sealed class Projection
{
    private const int MostPaths = 256;

    private static readonly JsonReaderOptions Deep = new() { MaxDepth = int.MaxValue };

    private readonly FieldSet _set = new();

    private Projection(IEnumerable<FieldPath> paths)
    {
        FieldPath.Read("id", out var id);
        foreach (var path in paths.Append(id)) _set.Add(path);
        Text = $"[{string.Join(',', Kept(_set.Root, []).Order(StringComparer.Ordinal).Select(JsonText.Quote))}]";
    }

    /// <summary>The paths as a sorted JSON list, without those inside of others; equal projections have the same.</summary>
    public string Text { get; }

    /// <summary>Reads a list of paths such as <c>["a.b","c"]</c>. Never throws.</summary>
    /// <param name="json">The list in UTF-8.</param>
    /// <param name="name">The name of the list in mistakes, such as <c>fields</c>.</param>
    /// <param name="projection">Gets the projection; if there is a mistake, that to the id.</param>
    /// <param name="mistake">Gets the first mistake, with its place: <c>fields[2]: ..</c>.</param>
    public static bool TryParse(ReadOnlyMemory<byte> json, string name, out Projection projection, out string? mistake)
    {
        var paths = ListReader.Read(json, name, "a list of paths is needed", ListReader.Path, MostPaths, out mistake);
        projection = new(paths ?? []);
        return paths is not null;
    }

    /// <summary>The item with these fields only.</summary>
    /// <param name="item">A JSON object.</param>
    public byte[] Apply(ReadOnlyMemory<byte> item)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(item.Length); // what is kept is not longer
        var reader = new Utf8JsonReader(item.Span, Deep);
        reader.Read();
        var cut = new ProjectionCut(item.Span, buffer);
        cut.Object(ref reader, [_set.Root]);
        var kept = cut.Written.ToArray();
        ArrayPool<byte>.Shared.Return(buffer);
        return kept;
    }

    private static IEnumerable<string> Kept(Field field, ImmutableList<string> names)
    {
        if (field.Uses > 0) return [string.Join('.', names)];
        return field.Children.SelectMany(child => Kept(child, names.Add(Encoding.UTF8.GetString(child.Name.Bytes.Span))));
    }
}
