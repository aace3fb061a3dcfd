using Serilog.Core;
using Serilog.Events;

namespace SharedState.Host.Diagnostics;

/// <summary>Gives every event of a service's plugin the name of the service, which a plugin rarely says itself.</summary>
internal sealed class ServiceNames : ILogEventEnricher
{
    public void Enrich(LogEvent logEvent, ILogEventPropertyFactory propertyFactory)
    {
        var category = (logEvent.Properties.GetValueOrDefault(Constants.SourceContextPropertyName) as ScalarValue)?.Value as string;
        if (LogText.ServiceOf(category ?? "") is { } name) logEvent.AddPropertyIfAbsent(new(LogText.Service, new ScalarValue(name)));
    }
}
