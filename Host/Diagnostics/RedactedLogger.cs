using System.Collections;
using System.Globalization;

namespace SharedState.Host.Diagnostics;

/// <summary>
/// The logger of a service. It writes no secrets of the service, neither in messages of the plugin, nor in those of its driver, nor in the
/// host's.
/// </summary>
/// <param name="output">Receives the redacted events.</param>
/// <param name="redact">Removes the secrets from a text.</param>
internal sealed class RedactedLogger(ILogger output, Func<string, string> redact) : ILogger
{
    // The name of the template among the values of an event. The rate of the log is limited by template.
    private const string Template = "{OriginalFormat}";

    public bool IsEnabled(LogLevel logLevel) => output.IsEnabled(logLevel);

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => output.BeginScope(redact(Text(state)));

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
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
    /// Numbers, times and similar values stay as they are. Other objects become their text, because it is not known into which parts the
    /// log would split them.
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

    /// <summary>The redacted text of an exception, with its stack trace.</summary>
    private sealed class RedactedException(string text) : Exception(text)
    {
        public override string ToString() => Message;
    }
}
