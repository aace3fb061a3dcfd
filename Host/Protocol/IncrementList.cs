using System.Text.Json;
using SharedState.Host.Collections;
using SharedState.Host.Json;

namespace SharedState.Host.Protocol;

/// <summary>The list <c>inc</c> of an update.</summary>
internal struct IncrementList(Limits limits)
{
    // The bytes that a sum adds to an item in addition to its path and its number: quotes and braces.
    private const int NestingBytes = 6;

    // Every finite number can be written with fewer characters.
    private const int MostDigits = 400;

    private List<ItemIncrement>? _increments;

    public readonly int Count => _increments?.Count ?? 0;

    public readonly IReadOnlyList<ItemIncrement> Increments => _increments ?? (IReadOnlyList<ItemIncrement>)[];

    /// <summary>The maximum number of bytes that the increments add to items.</summary>
    public long Bytes { get; private set; }

    public void Read(ref Utf8JsonReader reader, ref Error? error)
    {
        if (!UpdateParts.StartsList(ref reader, "inc", ref error)) return;
        _increments = new(1);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (ReadIncrement(ref reader) is { } wrong)
            {
                error = UpdateParts.At($"inc[{_increments.Count}]{wrong.Place}", wrong.Error);
                return;
            }
            if (_increments.Count > limits.RequestItems) return; // counted and refused by the caller
        }
    }

    private (string Place, Error Error)? ReadIncrement(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            return ("", Error.BadRequest("an increment is an object with \"id\", \"path\" and \"by\""));
        string? id = null;
        string[]? path = null;
        byte[]? by = null;
        Error? error = null;
        bool sawId = false, sawPath = false, sawBy = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (JsonText.Is(ref reader, "id"u8))
            {
                RawJson.Enter(ref reader, ref sawId, "id", ref error);
                if (UpdateParts.CheckId(ref reader, limits, out id) is { } wrong) return (".id", wrong);
            }
            else if (JsonText.Is(ref reader, "path"u8))
            {
                RawJson.Enter(ref reader, ref sawPath, "path", ref error);
                if (ReadPath(ref reader, out path) is { } wrong) return (".path", wrong);
            }
            else if (JsonText.Is(ref reader, "by"u8))
            {
                RawJson.Enter(ref reader, ref sawBy, "by", ref error);
                if (reader.TokenType != JsonTokenType.Number || reader.ValueSpan.Length > MostDigits)
                    return (".by", Error.BadRequest($"a number of at most {MostDigits} characters is needed"));
                by = reader.ValueSpan.ToArray();
            }
            else
            {
                reader.Read();
                RawJson.Skip(ref reader, limits.EnvelopeDepth, ref error);
            }
            if (error is not null) return ("", error);
        }
        if (id is null || path is null || by is null)
            return ("", Error.BadRequest("an increment has an \"id\", a \"path\" and a number \"by\""));
        _increments!.Add(new(id, path, by));
        Bytes += (2 * id.Length) + path.Sum(name => (6L * name.Length) + NestingBytes) + by.Length + ItemIncrement.MostSumBytes;
        return null;
    }

    private readonly Error? ReadPath(ref Utf8JsonReader reader, out string[] path)
    {
        path = [];
        if (!JsonText.TryRead(ref reader, out var text)) return Error.BadRequest("a path is a string, without lone surrogates");
        path = text.Split('.');
        if (Array.IndexOf(path, "") >= 0) return Error.BadRequest("a path consists of names with a dot between two of them");
        if (path.Length > limits.ItemDepth) return Error.BadRequest($"an item is nested at most {limits.ItemDepth} levels deep");
        return path is ["id"] ? Error.BadRequest("the id of an item cannot change") : null;
    }
}
