using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting.Compact;

namespace SharedState.Host.Diagnostics;

/// <summary>The log on standard output, as text for people or as JSON lines for programs.</summary>
internal static class LogOutput
{
    /// <summary>The logger of a host that serves: it never waits for the output. Disposing it writes the last lines.</summary>
    public static Logger Serving(bool json) => Create(new LogQueue(Console(json), TimeProvider.System), LogEventLevel.Information);

    /// <summary>The logger of a check: only warnings, in order with the other output.</summary>
    public static Logger Checking(bool json) => Create(Console(json), LogEventLevel.Warning);

    private static Logger Console(bool json)
    {
        var colours = !System.Console.IsOutputRedirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        return Unfiltered().WriteTo.Console(json ? new CompactJsonFormatter() : new TextLines(colours)).CreateLogger();
    }

    private static Logger Create(ILogEventSink output, LogEventLevel minimum) => new LoggerConfiguration()
        .MinimumLevel.Is(minimum)
        .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)
        .MinimumLevel.Override("System", LogEventLevel.Warning)
        .Enrich.With(new PrintableValues())
        .WriteTo.Sink(new RateLimit(Unfiltered().WriteTo.Sink(output).CreateLogger(), TimeProvider.System))
        .CreateLogger();

    private static LoggerConfiguration Unfiltered() => new LoggerConfiguration().MinimumLevel.Verbose();
}
