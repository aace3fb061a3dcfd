using System.Text;
using System.Text.Json;
using SharedState.Host.Conditions;
using SharedState.Host.Json;

namespace SharedState.Host.Access;

/// <summary>The field <c>set</c> of a rule: values that overwrite fields of written items. Strings may contain names.</summary>
/// <param name="json">An object, in UTF-8.</param>
internal sealed class FieldValues(ReadOnlyMemory<byte> json)
{
    private readonly JsonElement _fields = JsonElement.Parse(json.Span);

    /// <summary>The names that the values use.</summary>
    public IReadOnlyCollection<string> Names
    {
        get
        {
            var substitution = new Substitution(values: null);
            foreach (var member in _fields.EnumerateObject()) Json(member.Value, substitution);
            return substitution.Names;
        }
    }

    /// <summary>Whether a value depends on the time.</summary>
    public bool IsTimed { get; } = Encoding.UTF8.GetString(json.Span).Contains($"{{{RuleValues.Now}}}", StringComparison.Ordinal);

    /// <summary>The fields for a client, a path and a time; null if a name in them has no value.</summary>
    public Overwrite? For(RuleValues values)
    {
        var substitution = new Substitution(values.Find);
        (string, byte[])[] fields = [.. _fields.EnumerateObject().Select(field => (field.Name, Json(field.Value, substitution)))];
        return substitution.Missing is null ? new(fields) : null;
    }

    /// <summary>Why there are no fields for a client, a path and a time: the first field, and what it needs. Null if there are
    /// fields.</summary>
    public (string Field, string Need)? WhyNot(RuleValues values)
    {
        var substitution = new Substitution(values.Find);
        foreach (var field in _fields.EnumerateObject())
        {
            Json(field.Value, substitution);
            if (substitution.Missing is { } name) return (field.Name, Substitution.Need(name, values.Find));
        }
        return null;
    }

    private static byte[] Json(JsonElement value, Substitution substitution)
    {
        using var text = new MemoryStream();
        using (var writer = new Utf8JsonWriter(text)) Write(writer, value, substitution);
        return text.ToArray();
    }

    private static void Write(Utf8JsonWriter writer, JsonElement value, Substitution substitution)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var field in value.EnumerateObject())
                {
                    writer.WritePropertyName(field.Name);
                    Write(writer, field.Value, substitution);
                }
                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var element in value.EnumerateArray()) Write(writer, element, substitution);
                writer.WriteEndArray();
                break;
            case JsonValueKind.String:
                var text = value.GetString()!;
                var argument = substitution.Argument(text, value, value);
                if (argument.ValueKind == JsonValueKind.String && argument.ValueEquals(text))
                    writer.WriteRawValue(substitution.Value(text).Text);
                else argument.WriteTo(writer);
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }
}
