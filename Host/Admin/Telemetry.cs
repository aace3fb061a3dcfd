using System.Runtime.CompilerServices;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using SharedState.Host.Diagnostics;

namespace SharedState.Host.Admin;

/// <summary>
/// Collects the metrics of the host, of its plugins and of the .NET runtime, for <c>/metrics</c> on the admin side, and for a collector
/// that the variables of OpenTelemetry name. A host without either measures nothing, and does not load the libraries.
/// </summary>
internal sealed class Telemetry : IDisposable
{
    private static readonly string[] EndpointVariables = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"];

    private readonly MeterProvider _collected;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private Telemetry(bool scraped, bool sent)
    {
        // The variables of OpenTelemetry, like OTEL_SERVICE_NAME, win.
        string[] meters = [HostMeter.Name, $"{HostMeter.Plugins}.*", "System.Runtime"];
        var builder = Sdk.CreateMeterProviderBuilder().AddMeter(meters).ConfigureResource(
            resource => resource.AddService("sharedstate", serviceVersion: HostVersion.Text).AddEnvironmentVariableDetector());
        if (scraped) builder.AddPrometheusExporter(options => options.ScrapeResponseCacheDurationMilliseconds = 0);
        if (sent) builder.AddOtlpExporter();
        _collected = builder.Build();
    }

    /// <summary>Begins to collect; null if nobody asks for metrics.</summary>
    /// <param name="scraped">Whether there is an admin side.</param>
    public static Telemetry? Start(bool scraped)
    {
        var sent = EndpointVariables.Any(name => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(name)));
        return scraped || sent ? new(scraped, sent) : null;
    }

    /// <summary>Answers requests for metrics in Prometheus' format.</summary>
    /// <param name="app">The admin side.</param>
    /// <param name="isScrape">Whether a request is for the metrics.</param>
    public void Use(WebApplication app, Func<HttpContext, bool> isScrape) => app.UseOpenTelemetryPrometheusScrapingEndpoint(
        _collected, isScrape, path: null, configureBranchedPipeline: null, optionsName: null);

    public void Dispose() => _collected.Dispose();
}
