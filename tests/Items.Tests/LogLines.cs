using Microsoft.Extensions.Logging;

namespace SharedState.Items.Tests;

/// <summary>Keeps the lines that a service logs.</summary>
public sealed class LogLines : ILogger
{
    private readonly List<(int Event, string Text)> _lines = [];

    public string[] Of(int eventId)
    {
        lock (_lines) return [.. _lines.Where(line => line.Event == eventId).Select(line => line.Text)];
    }

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (_lines) _lines.Add((eventId.Id, formatter(state, exception)));
    }

    public bool IsEnabled(LogLevel logLevel) => true;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
}
