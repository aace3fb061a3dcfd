using System.Globalization;
using Serilog.Events;
using Serilog.Formatting;
using Serilog.Parsing;

namespace SharedState.Host.Diagnostics;

/// <summary>An event as a line for people: <c>14:03:22 WRN message</c>. An exception follows, one line each of its own.</summary>
internal sealed class TextLines(bool colours) : ITextFormatter
{
    private const string Red = "\e[31m", Yellow = "\e[33m", Grey = "\e[90m", Plain = "\e[0m";

    public void Format(LogEvent logEvent, TextWriter output)
    {
        var (level, colour) = logEvent.Level switch
        {
            LogEventLevel.Fatal => ("FTL", Red),
            LogEventLevel.Error => ("ERR", Red),
            LogEventLevel.Warning => ("WRN", Yellow),
            LogEventLevel.Information => ("INF", Grey),
            LogEventLevel.Debug => ("DBG", Grey),
            _ => ("TRC", Grey),
        };
        output.Write(logEvent.Timestamp.ToString("HH:mm:ss ", CultureInfo.InvariantCulture));
        output.Write(colours ? $"{colour}{level}{Plain} " : $"{level} ");
        foreach (var token in logEvent.MessageTemplate.Tokens)
        {
            // Strings as they are: Serilog's own rendering would put each in quotation marks.
            var value = token is PropertyToken property ? logEvent.Properties.GetValueOrDefault(property.PropertyName) : null;
            if (value is ScalarValue { Value: string text }) output.Write(text);
            else token.Render(logEvent.Properties, output, CultureInfo.InvariantCulture);
        }
        output.WriteLine();
        foreach (var line in logEvent.Exception?.ToString().Split('\n') ?? [])
            output.WriteLine("         " + Printable.Text(line.TrimEnd('\r')));
    }
}
