using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting.Compact;

namespace SharedState.Host.Diagnostics;

/// <summary>Where log events go: to standard output, as text for people or as JSON lines for programs.</summary>
internal static class LogOutput
{
    /// <summary>The logger of the whole host; whoever creates it disposes it, which writes what is left.</summary>
    public static Logger Create(bool json, LogEventLevel minimum = LogEventLevel.Information)
    {
        var colours = !Console.IsOutputRedirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        var console = new LoggerConfiguration()
            .MinimumLevel.Verbose()
            .WriteTo.Console(json ? new CompactJsonFormatter() : new TextLines(colours))
            .CreateLogger();
        return new LoggerConfiguration()
            .MinimumLevel.Is(minimum)
            .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)
            .MinimumLevel.Override("System", LogEventLevel.Warning)
            .Enrich.With(new PrintableValues())
            .WriteTo.Sink(new RateLimit(console, TimeProvider.System))
            .CreateLogger();
    }
}
