using System.Text.Json;
using SharedState.Host.Json;

namespace SharedState.Host.Conditions;

/// <summary>
/// The values that an item has in the fields of a set, read in one pass over the item's bytes. Of two members with one name the last one
/// counts. Used for many items, one after the other, by one thread at a time.
/// </summary>
/// <remarks>
/// As in MongoDB, a path reaches through arrays: it goes on in each element that is an object, and, where the path has a number, in the
/// element of that index. A field is missing where the path meets an object without its next name, or a value that cannot have names. It
/// is neither missing nor has a value where the path meets an array without objects.
/// </remarks>
internal sealed class ItemFields(FieldSet set)
{
    // An item with more values keeps no memory in the pool of a reader.
    private const int MostValuesKept = 1024;

    private static readonly JsonReaderOptions Deep = new() { MaxDepth = int.MaxValue };

    private readonly List<Field> _at = []; // the fields at the current place of the item, those of the places around before them
    private FieldState[] _states = [];
    private Reached[] _values = new Reached[16];
    private ReadOnlyMemory<byte> _item;
    private int _count;
    private long _reading; // the number of the current reading: states of other readings count for nothing
    private int _object;   // the number of the current object of the reading
    private bool _careful; // each object is read ahead, to find the last one of several members with one name
    private bool _doubled; // a member came a second time

    /// <summary>Reads an item.</summary>
    /// <param name="item">The item, valid JSON, which must not change while its fields are used.</param>
    /// <exception cref="JsonException">The item is not JSON.</exception>
    public void Read(ReadOnlyMemory<byte> item)
    {
        if (_states.Length < set.Numbers) Array.Resize(ref _states, Math.Max(set.Numbers, 2 * _states.Length));
        _item = item;
        Read(careful: false);
        if (_doubled) Read(careful: true);
    }

    /// <summary>Forgets the item.</summary>
    public void Clear()
    {
        if (_values.Length > MostValuesKept) _values = new Reached[16];
        else _values.AsSpan(0, _count).Clear();
        (_item, _count) = (default, 0);
        _reading++;
    }

    /// <summary>The values of a field: those at its path, and for an array that the path leads to, its elements before it.</summary>
    public FieldValues ValuesAt(Field field) => new(_values, State(field).First);

    /// <summary>Whether a field is missing, in the item or in one of the objects that the path leads to.</summary>
    public bool IsMissing(Field field)
    {
        for (var at = field; at.Parent is { } parent; at = parent)
        {
            if (State(at).Found < State(parent).Objects) return true;
        }
        return false;
    }

    /// <summary>
    /// The keys that the item has at a field: one for each string, number, boolean and null there, also in an array, and that of null if
    /// the field is missing. A key may come twice. If a condition matches the item, one key of each of its
    /// <see cref="Condition.Equalities"/> is among them.
    /// </summary>
    public FieldKeys KeysAt(Field field) => new(ValuesAt(field), IsMissing(field));

    private void Read(bool careful)
    {
        (_careful, _doubled, _count, _object) = (careful, false, 0, 0);
        _reading++;
        _at.Clear();
        var reader = new Utf8JsonReader(_item.Span, Deep);
        reader.Read();
        if (!set.Root.HasChildren) return;
        _at.Add(set.Root);
        if (reader.TokenType == JsonTokenType.StartArray) ReadAsObject(ref reader);
        else if (reader.TokenType == JsonTokenType.StartObject) ReadObject(ref reader, 0);
        else State(set.Root).Objects++;
    }

    /// <summary>Reads the object that the reader stands on, which is at the fields from a place in the list on.</summary>
    private void ReadObject(ref Utf8JsonReader reader, int from)
    {
        // :: 1. Each child of these fields that the object turns out not to have is missing.
        var to = _at.Count;
        for (var at = from; at < to; at++) State(_at[at]).Objects++;
        var number = ++_object;
        var last = _careful || to - from > 1 ? LastMembers(reader, from, to) : null;

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            // :: 2. The fields that the member is.
            var member = reader.TokenStartIndex;
            var name = NameOf(ref reader);
            for (var at = from; at < to; at++)
            {
                if (_at[at].Find(name) is not { } child) continue;
                if (last is not null && last[child] != member) continue;
                ref var state = ref State(child);
                _doubled |= last is null && state.Object == number;
                (state.Object, state.Found) = (number, state.Found + 1);
                _at.Add(child);
            }

            // :: 3. Its value.
            reader.Read();
            if (_at.Count == to)
            {
                reader.Skip();
                continue;
            }
            ReadValue(ref reader, to);
            _at.RemoveRange(to, _at.Count - to);
        }
    }

    /// <summary>Where the last member of each name starts. A reader of several fields at once may meet a field within itself, so that
    /// the number of the object does not tell whether a member came before.</summary>
    private Dictionary<Field, long> LastMembers(Utf8JsonReader ahead, int from, int to)
    {
        var last = new Dictionary<Field, long>();
        while (ahead.Read() && ahead.TokenType == JsonTokenType.PropertyName)
        {
            var member = ahead.TokenStartIndex;
            var name = NameOf(ref ahead);
            for (var at = from; at < to; at++)
            {
                if (_at[at].Find(name) is { } child) last[child] = member;
            }
            ahead.Read();
            ahead.Skip();
        }
        return last;
    }

    /// <summary>Reads the value that the reader stands on, a member of an object.</summary>
    private void ReadValue(ref Utf8JsonReader reader, int from)
    {
        var start = (int)reader.TokenStartIndex;
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            if (AnyHasChildren(from)) ReadObject(ref reader, from);
            else reader.Skip();
            Record(from, new(ValueKind.Object, 0, _item[start..(int)reader.BytesConsumed]));
        }
        else if (reader.TokenType == JsonTokenType.StartArray)
        {
            ReadArray(ref reader, from, isElement: false);
            Record(from, new(ValueKind.Array, 0, _item[start..(int)reader.BytesConsumed]));
        }
        else
        {
            Record(from, FieldValue.Scalar(ref reader, _item));
            for (var at = from; at < _at.Count; at++) State(_at[at]).Objects++;
        }
    }

    private void ReadArray(ref Utf8JsonReader reader, int from, bool isElement)
    {
        var to = _at.Count;
        for (var index = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; index++)
        {
            // :: 1. The fields that the element is by its index.
            for (var at = from; at < to; at++)
            {
                if (_at[at].Find(index) is { } child) _at.Add(child);
            }
            var indexed = _at.Count;

            // :: 2. The path goes on in an object by its names, too.
            var start = (int)reader.TokenStartIndex;
            FieldValue value;
            if (reader.TokenType == JsonTokenType.StartObject)
            {
                for (var at = from; at < to; at++)
                {
                    if (_at[at].HasChildren && _at.IndexOf(_at[at], to) < 0) _at.Add(_at[at]);
                }
                if (AnyHasChildren(to)) ReadObject(ref reader, to);
                else reader.Skip();
                value = new(ValueKind.Object, 0, _item[start..(int)reader.BytesConsumed]);
            }
            else if (reader.TokenType == JsonTokenType.StartArray)
            {
                if (AnyHasChildren(to)) ReadArray(ref reader, to, isElement: true);
                else reader.Skip();
                value = new(ValueKind.Array, 0, _item[start..(int)reader.BytesConsumed]);
            }
            else
            {
                value = FieldValue.Scalar(ref reader, _item);
            }

            // :: 3. The element is a value of the fields of its index, and, as an element, of the fields of the array.
            for (var at = to; at < indexed; at++)
            {
                if (_at[at].Uses > 0) Record(_at[at], value, isElement: false);
            }
            for (var at = from; at < to && !isElement; at++)
            {
                if (_at[at].Uses > 0) Record(_at[at], value, isElement: true);
            }
            _at.RemoveRange(to, _at.Count - to);
        }
    }

    /// <summary>Reads the array that the reader stands on as an object whose names are the indices.</summary>
    private void ReadAsObject(ref Utf8JsonReader reader)
    {
        State(set.Root).Objects++;
        for (var index = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; index++)
        {
            if (set.Root.Find(index) is not { } child)
            {
                reader.Skip();
                continue;
            }
            State(child).Found++;
            _at.Add(child);
            ReadValue(ref reader, 1);
            _at.RemoveAt(1);
        }
    }

    private bool AnyHasChildren(int from)
    {
        for (var at = from; at < _at.Count; at++)
        {
            if (_at[at].HasChildren) return true;
        }
        return false;
    }

    private void Record(int from, in FieldValue value)
    {
        for (var at = from; at < _at.Count; at++)
        {
            if (_at[at].Uses > 0) Record(_at[at], value, isElement: false);
        }
    }

    private void Record(Field field, in FieldValue value, bool isElement)
    {
        if (_count == _values.Length) Array.Resize(ref _values, 2 * _count);
        _values[_count] = new(value, isElement, -1);
        ref var state = ref State(field);
        if (state.First < 0) state.First = _count;
        else _values[state.Last].Next = _count;
        state.Last = _count++;
    }

    private static ReadOnlySpan<byte> NameOf(ref Utf8JsonReader reader) =>
        reader.ValueIsEscaped ? JsonUnescape.ToArray(reader.ValueSpan) : reader.ValueSpan;

    private ref FieldState State(Field field)
    {
        ref var state = ref _states[field.Number];
        if (state.Reading != _reading) state = new() { Reading = _reading, First = -1 };
        return ref state;
    }

    private struct FieldState
    {
        public long Reading;
        public int Object;  // the object in which the field was found last
        public int Objects; // how many values could have had the children of the field
        public int Found;   // how many objects have the field
        public int First, Last; // its values
    }
}
