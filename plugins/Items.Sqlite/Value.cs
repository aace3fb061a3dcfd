using System.Text;
using SQLitePCL;

namespace SharedState.Items.Sqlite;

/// <summary>What a statement's parameter is set to: a number, or a text, which may hold a NUL.</summary>
internal readonly struct Value
{
    /// <summary>An id's most bytes, so that no key needs memory of its own.</summary>
    private const int StackBytes = 1024;

    private readonly long _number;
    private readonly string? _text;
    private readonly ReadOnlyMemory<byte>? _utf8;

    private Value(long number) => _number = number;

    private Value(string text) => _text = text;

    private Value(ReadOnlyMemory<byte> utf8) => _utf8 = utf8;

    public static implicit operator Value(long number) => new(number);

    public static implicit operator Value(string text) => new(text);

    public static implicit operator Value(ReadOnlyMemory<byte> utf8) => new(utf8);

    public static implicit operator Value(byte[] utf8) => new(utf8);

    public string? AsText => _text;

    /// <summary>Sets a parameter; SQLite copies texts.</summary>
    /// <returns>SQLite's code.</returns>
    public int Bind(sqlite3_stmt statement, int parameter)
    {
        if (_utf8 is { } utf8) return BindText(statement, parameter, utf8.Span);
        if (_text is null) return raw.sqlite3_bind_int64(statement, parameter, _number);
        if (_text.Length * 3 > StackBytes && Encoding.UTF8.GetByteCount(_text) > StackBytes)
            return BindText(statement, parameter, Encoding.UTF8.GetBytes(_text));
        Span<byte> bytes = stackalloc byte[StackBytes];
        return BindText(statement, parameter, bytes[..Encoding.UTF8.GetBytes(_text, bytes)]);
    }

    /// <summary>The address of an empty span is null, which would bind NULL.</summary>
    private static int BindText(sqlite3_stmt statement, int parameter, ReadOnlySpan<byte> utf8) =>
        utf8.IsEmpty ? raw.sqlite3_bind_text(statement, parameter, "") : raw.sqlite3_bind_text(statement, parameter, utf8);
}
