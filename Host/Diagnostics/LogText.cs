using System.Globalization;
using Serilog.Events;
using Serilog.Parsing;

namespace SharedState.Host.Diagnostics;

/// <summary>The text of an event.</summary>
internal static class LogText
{
    /// <summary>The name of the property that names an event's service.</summary>
    public const string Service = "Service";

    // The category of the loggers of services, and of their plugins.
    private const string ServicePrefix = "Service.";

    /// <summary>The name of the service of a logger's category; null if the category is not that of a service.</summary>
    public static string? ServiceOf(string category) =>
        category.StartsWith(ServicePrefix, StringComparison.Ordinal) ? category[ServicePrefix.Length..] : null;

    /// <summary>The category of the logger of a service.</summary>
    public static string Category(string service) => ServicePrefix + service;

    /// <summary>Writes the message with its values: texts as they are, since Serilog's own rendering would put each in quotation
    /// marks.</summary>
    public static void Write(LogEvent logEvent, TextWriter output)
    {
        foreach (var token in logEvent.MessageTemplate.Tokens)
        {
            var value = token is PropertyToken property ? logEvent.Properties.GetValueOrDefault(property.PropertyName) : null;
            if (value is ScalarValue { Value: string text }) output.Write(text);
            else token.Render(logEvent.Properties, output, CultureInfo.InvariantCulture);
        }
    }
}
