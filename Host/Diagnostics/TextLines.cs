using System.Globalization;
using Serilog.Events;
using Serilog.Formatting;
using Serilog.Parsing;

namespace SharedState.Host.Diagnostics;

/// <summary>
/// An event as a line for people: <c>2026-01-31T14:03:22+01:00 WRN message</c>. An exception follows, one line each of its own.
/// </summary>
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
        output.Write(logEvent.Timestamp.ToString("yyyy-MM-ddTHH:mm:sszzz ", CultureInfo.InvariantCulture));
        output.Write(colours ? $"{colour}{level}{Plain} " : $"{level} ");
        var namesService = logEvent.MessageTemplate.Tokens.Any(token => token is PropertyToken { PropertyName: LogText.Service });
        if (!namesService && logEvent.Properties.GetValueOrDefault(LogText.Service) is ScalarValue { Value: string service })
            output.Write($"Service {service}: ");
        LogText.Write(logEvent, output);
        output.WriteLine();
        foreach (var line in logEvent.Exception?.ToString().Split('\n') ?? [])
            output.WriteLine("         " + Printable.Text(line.TrimEnd('\r')));
    }
}
