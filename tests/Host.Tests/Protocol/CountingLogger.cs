using Microsoft.Extensions.Logging;

namespace SharedState.Host.Tests.Protocol;

/// <summary>Counts what is logged as an error: nothing that a client sends may be one.</summary>
internal sealed class CountingLogger : ILogger
{
    private int _errors;

    public int Errors => _errors;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (logLevel >= LogLevel.Error) Interlocked.Increment(ref _errors);
    }
}
