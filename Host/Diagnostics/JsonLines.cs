using Serilog.Events;
using Serilog.Formatting;
using Serilog.Formatting.Compact;
using Serilog.Formatting.Json;

namespace SharedState.Host.Diagnostics;

/// <summary>
/// An event as a line of JSON in the compact log event format (CLEF): the message as text (<c>@m</c>) and as template (<c>@mt</c>), the
/// time (<c>@t</c>), the level unless it is Information (<c>@l</c>), an exception (<c>@x</c>), and the values by their names.
/// </summary>
internal sealed class JsonLines : ITextFormatter
{
    private readonly JsonValueFormatter _values = new(typeTagName: "$type");

    public void Format(LogEvent logEvent, TextWriter output)
    {
        using StringWriter message = new(), line = new();
        LogText.Write(logEvent, message);
        CompactJsonFormatter.FormatEvent(logEvent, line, _values);
        output.Write("{\"@m\":");
        JsonValueFormatter.WriteQuotedJsonString(message.ToString(), output);
        output.Write(',');
        output.WriteLine(line.ToString().AsSpan(1)); // without its brace
    }
}
