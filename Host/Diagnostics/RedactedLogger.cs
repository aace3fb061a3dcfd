using System.Collections;
using System.Globalization;

namespace SharedState.Host.Diagnostics;

/// <summary>
/// A service's logger, which writes no secret of that service, whoever logs: the plugin, its driver's exceptions, or the host about it.
/// </summary>
/// <param name="output">Where the rest goes.</param>
/// <param name="redact">Takes the secrets out of a text.</param>
internal sealed class RedactedLogger(ILogger output, Func<string, string> redact) : ILogger
{
    // What a structured event calls its template; the log's rate is bounded by it.
    private const string Template = "{OriginalFormat}";

    public bool IsEnabled(LogLevel logLevel) => output.IsEnabled(logLevel);

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => output.BeginScope(redact(Text(state)));

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!output.IsEnabled(logLevel)) return;
        var message = redact(formatter(state, exception));
        KeyValuePair<string, object?>[] values = state is IEnumerable<KeyValuePair<string, object?>> named
            ? [.. named.Select(value => KeyValuePair.Create(value.Key, Redacted(value.Value)))]
            : [new(Template, message.Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal))];
        var failure = exception is null ? null : new RedactedException(redact(exception.ToString()));
        output.Log(logLevel, eventId, values, failure, (_, _) => message);
    }

    /// <summary>
    /// Numbers, times and the like stay what they are; all else becomes its text, for what an object would be taken apart into is not known
    /// here.
    /// </summary>
    private object? Redacted(object? value)
    {
        if (value is null) return null;
        var text = Text(value);
        var redacted = redact(text);
        return value is ValueType && redacted == text ? value : redacted;
    }

    private static string Text(object value) => value switch
    {
        string text => text,
        IEnumerable many => string.Join(", ", many.Cast<object?>()),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };

    /// <summary>What is left of an exception: its text, with its trace.</summary>
    private sealed class RedactedException(string text) : Exception(text)
    {
        public override string ToString() => Message;
    }
}
