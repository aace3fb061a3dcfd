using System.Globalization;
using System.Text;
using MySqlConnector;

namespace SharedState.Items.MySql;

/// <summary>
/// Statements that are sent together, in packets that the server takes. Values are parameters; what stands in the text itself are names
/// of tables and numbers.
/// </summary>
/// <param name="packetBytes">The server's <c>max_allowed_packet</c>.</param>
internal sealed class CommandText(long packetBytes)
{
    /// <summary>Rows or ids of a statement: few enough that servers look each up by the key, and don't make a table of them.</summary>
    public const int RowsPerStatement = 500;

    /// <summary>From here on what was collected is sent: more makes it no quicker.</summary>
    private const int SendBytes = 1 << 20;

    /// <summary>What a packet holds beside the statement, and what a statement's own words take.</summary>
    private const int Margin = 4096;

    private readonly StringBuilder _text = new();
    private List<MySqlParameter> _values = [];
    private long _bytes;

    public bool IsEmpty => _text.Length == 0;

    /// <summary>Whether something of this size makes it so large that it should be sent before.</summary>
    public bool IsFullWith(long bytes) => !IsEmpty && _bytes + bytes > Math.Min(SendBytes, packetBytes - Margin);

    /// <summary>Whether something of this size can be sent at all.</summary>
    public bool Fits(long bytes) => bytes <= packetBytes - Margin;

    public CommandText Add(string sql)
    {
        _text.Append(sql);
        _bytes += sql.Length;
        return this;
    }

    public CommandText Add(long number) => Add(number.ToString(CultureInfo.InvariantCulture));

    public CommandText Value(string text)
    {
        _bytes += Size(text);
        return Parameter(text);
    }

    public CommandText Value(ReadOnlyMemory<byte> bytes)
    {
        _bytes += Size(bytes.Span);
        return Parameter(bytes);
    }

    /// <summary>The bytes of a name or id as they are, whatever characters they are.</summary>
    public CommandText Bytes(string text) => Value(Encoding.UTF8.GetBytes(text).AsMemory());

    /// <summary>Ends a statement.</summary>
    public void End() => Add(";\n");

    /// <summary>Takes all that was collected, so that something else may be collected.</summary>
    public MySqlCommand Take(MySqlConnection connection)
    {
        var command = new MySqlCommand(_text.ToString(), connection);
        foreach (var value in _values) command.Parameters.Add(value);
        _text.Clear();
        _values = [];
        _bytes = 0;
        return command;
    }

    /// <summary>
    /// The size of a value as it stands in a statement: the driver writes it in quotes, and doubles quotes and backslashes.
    /// </summary>
    public static long Size(string text) => Encoding.UTF8.GetByteCount(text) + text.AsSpan().Count('\'') + text.AsSpan().Count('\\') + 3;

    /// <inheritdoc cref="Size(string)"/>
    public static long Size(ReadOnlySpan<byte> bytes) => bytes.Length + bytes.Count((byte)'\'') + bytes.Count((byte)'\\') + 10;

    /// <summary>Reads a column of bytes, which are a text.</summary>
    public static string Text(MySqlDataReader reader, int column) => Encoding.UTF8.GetString((byte[])reader.GetValue(column));

    private CommandText Parameter(object value)
    {
        _text.Append('?');
        _values.Add(new MySqlParameter { Value = value });
        return this;
    }
}
