using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace SharedState.Host.Tests.Engine;

/// <summary>Counts what is logged, by event id, and errors.</summary>
internal sealed class CountingLogger : ILogger
{
    private readonly ConcurrentDictionary<int, int> _counts = new();
    private int _errors;

    /// <summary>What was logged as an error or worse.</summary>
    public int Errors => _errors;

    public int Count(int eventId) => _counts.GetValueOrDefault(eventId);

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        _counts.AddOrUpdate(eventId.Id, 1, (_, count) => count + 1);
        if (logLevel >= LogLevel.Error) Interlocked.Increment(ref _errors);
    }
}
