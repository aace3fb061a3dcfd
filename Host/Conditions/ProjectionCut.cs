using System.Text.Json;
using SharedState.Host.Json;

namespace SharedState.Host.Conditions;

/// <summary>Copies the fields of one item that a projection keeps.</summary>
/// <param name="item">The item.</param>
/// <param name="output">Gets what is kept; at least as long as the item.</param>
internal ref struct ProjectionCut(ReadOnlySpan<byte> item, Span<byte> output)
{
    private readonly ReadOnlySpan<byte> _item = item;
    private readonly Span<byte> _output = output;
    private int _length;

    public readonly ReadOnlySpan<byte> Written => _output[.._length];

    /// <summary>Copies a part of the object that the reader stands on; on return the reader stands on its end.</summary>
    /// <param name="reader">Reads the item.</param>
    /// <param name="at">The fields that the object is.</param>
    public void Object(ref Utf8JsonReader reader, List<Field> at)
    {
        var members = new List<(Field Field, int Start, int End)>(); // written ones
        Write("{"u8);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var start = (int)reader.TokenStartIndex;
            var name = reader.ValueIsEscaped ? JsonUnescape.ToArray(reader.ValueSpan) : reader.ValueSpan;
            List<Field>? children = null;
            foreach (var field in at)
            {
                if (field.Find(name) is { } child) (children ??= []).Add(child);
            }
            reader.Read();
            if (children is null)
            {
                reader.Skip();
                continue;
            }

            // Of two members with one name the last one counts, also if nothing of it is kept.
            RemoveBefore(members, children[0]);
            var begin = _length;
            if (members.Count > 0) Write(","u8);
            Write(_item[start..(int)reader.TokenStartIndex]);
            if (TryValue(ref reader, children)) members.Add((children[0], begin, _length));
            else _length = begin;
        }
        Write("}"u8);
    }

    /// <summary>Copies what is kept of a value; false if that is nothing. The reader stands on the value's end on return.</summary>
    private bool TryValue(ref Utf8JsonReader reader, List<Field> at)
    {
        if (at.Exists(field => field.Uses > 0))
        {
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            Write(_item[start..(int)reader.BytesConsumed]);
            return true;
        }
        if (at.Count > 0 && reader.TokenType == JsonTokenType.StartObject) Object(ref reader, at);
        else if (at.Count > 0 && reader.TokenType == JsonTokenType.StartArray) Array(ref reader, at);
        else
        {
            reader.Skip();
            return false;
        }
        return true;
    }

    private void Array(ref Utf8JsonReader reader, List<Field> at)
    {
        var written = 0;
        Write("["u8);
        for (var index = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; index++)
        {
            var elements = new List<Field>();
            foreach (var field in at)
            {
                if (field.Find(index) is { } child) elements.Add(child);
            }
            if (reader.TokenType == JsonTokenType.StartObject) elements.AddRange(at.Except(elements));
            var begin = _length;
            if (written > 0) Write(","u8);
            if (TryValue(ref reader, elements)) written++;
            else _length = begin;
        }
        Write("]"u8);
    }

    private void RemoveBefore(List<(Field Field, int Start, int End)> members, Field field)
    {
        var index = members.FindIndex(member => member.Field == field);
        if (index < 0) return;
        var (_, start, end) = members[index];
        if (index == 0 && members.Count > 1) end++; // the comma of the next one
        _output[end.._length].CopyTo(_output[start..]);
        _length -= end - start;
        members.RemoveAt(index);
        for (var later = index; later < members.Count; later++)
        {
            // The first one has no comma before it.
            var (moved, from, to) = members[later];
            members[later] = (moved, Math.Max(from - (end - start), start), to - (end - start));
        }
    }

    private void Write(ReadOnlySpan<byte> text)
    {
        text.CopyTo(_output[_length..]);
        _length += text.Length;
    }
}
