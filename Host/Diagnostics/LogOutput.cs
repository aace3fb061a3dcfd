using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Extensions.Logging;

namespace SharedState.Host.Diagnostics;

/// <summary>The log on standard output, as text for people or as JSON lines for programs.</summary>
internal static class LogOutput
{
    /// <summary>The logger of a host that serves: it never waits for the output. Disposing it writes the last lines.</summary>
    /// <param name="json">Whether the log consists of JSON lines.</param>
    /// <param name="least">The least level of the events that are written.</param>
    public static Logger Serving(bool json, LogLevel least) =>
        Create(new LogQueue(Console(json), TimeProvider.System), LevelConvert.ToSerilogLevel(least));

    /// <summary>The logger of a check: only warnings, in order with the other output.</summary>
    public static Logger Checking(bool json) => Create(Console(json), LogEventLevel.Warning);

    private static Logger Console(bool json)
    {
        var colours = !System.Console.IsOutputRedirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        return Unfiltered().WriteTo.Console(json ? new JsonLines() : new TextLines(colours)).CreateLogger();
    }

    private static Logger Create(ILogEventSink output, LogEventLevel minimum) => new LoggerConfiguration()
        .MinimumLevel.Is(minimum)
        .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)
        .MinimumLevel.Override("System", LogEventLevel.Warning)
        .Enrich.With(new ServiceNames(), new PrintableValues())
        .WriteTo.Sink(new RateLimit(Unfiltered().WriteTo.Sink(output).CreateLogger(), TimeProvider.System))
        .CreateLogger();

    private static LoggerConfiguration Unfiltered() => new LoggerConfiguration().MinimumLevel.Verbose();
}
