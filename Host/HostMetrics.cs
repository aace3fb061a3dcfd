using System.Diagnostics.Metrics;
using SharedState.Host.Changes;
using SharedState.Host.Collections;
using SharedState.Host.Connections;
using SharedState.Host.Diagnostics;

namespace SharedState.Host;

/// <summary>The metrics that are read from counters of the host when somebody asks for them: docs/METRICS.md.</summary>
internal sealed class HostMetrics : IDisposable
{
    private readonly Meter _meter = new(HostMeter.Name);
    private readonly ServiceSet _services;

    public HostMetrics(ServiceSet services, ConnectionRegistry connections, HostState host)
    {
        _services = services;
        var (counts, memory) = (host.Counts, host.Limits.Memory);

        // :: Connections
        Gauge("connections", "{connection}", "Open connections.", () => connections.Count);
        Gauge("outbox.size", "By", "Bytes that wait to be sent to all connections.", () => connections.OutboxBytes);
        Counter("sent.frames", "{frame}", "Frames that were sent.", () => counts.SentFrames);
        Counter("sent.size", "By", "Bytes of frames that were sent.", () => counts.SentBytes);
        _meter.CreateObservableCounter("sharedstate.requests", () => Requests(counts), "{request}", "Requests that were answered.");

        // :: Services
        ServiceGauge("subscriptions", "{subscription}", "Open subscriptions.", service => service.Counts.Subscriptions);
        ServiceGauge("views", "{view}", "Views that are followed: filters, windows and fields.", service => service.Counts.Views);
        ServiceGauge("subscriptions.lagging", "{subscription}", "Subscriptions that are behind, and wait for a merged difference.",
            service => service.Counts.Lagging);
        ServiceCounter("deliveries", "{delivery}", "Snapshots, differences and changes that were handed to subscriptions.",
            service => service.Counts.Deliveries);
        ServiceCounter("updates", "{update}", "Updates of this host's clients that were stored.", service => service.Counts.Updates);
        _meter.CreateObservableCounter(
            "sharedstate.resumes", Resumes, "{resume}", "Subscriptions that began with a position, by what they were given first.");
        ServiceGauge("collections", "{collection}", "Collections in memory.", service => service.Collections);
        ServiceGauge("collection.items", "{item}", "Items of the collections in memory.", service => service.Counts.Items);
        ServiceGauge("collection.size", "By", "Bytes of the collections in memory.", service => service.Counts.ItemBytes);
        ServiceGauge("leases", "{item}", "Items with a lifetime, of all hosts.", service => service.Leases);
        ServiceCounter("leases.ended", "{item}", "Items that this host removed at the end of their lifetime.",
            service => service.Counts.Ended);
        _meter.CreateObservableGauge(
            "sharedstate.service.ready", () => _services.Services.Select(service => Of(service.Name, service.Works ? 1L : 0)), "{service}",
            "1 if the service runs and its storage works, otherwise 0.");
        _meter.CreateObservableGauge(
            "sharedstate.feed.delay", Delays, "s", "How late commits of other hosts may appear at most: the age of the last list of the feed.");

        // :: The process
        Gauge("memory.usage", "By", "Bytes of collections in memory, and of large texts made of them.", () => memory.Used);
        Gauge("memory.limit", "By", "Limit of sharedstate.memory.usage (memory_bytes).", () => memory.Limit);
        _meter.CreateObservableUpDownCounter(
            "sharedstate.plugin.services", Plugins, "{service}", "Services that run on a version of a plugin.");
    }

    public void Dispose() => _meter.Dispose();

    private static IEnumerable<Measurement<long>> Requests(ConnectionCounts counts) =>
        counts.AnsweredRequests.Select(answered => new Measurement<long>(
            answered.Count,
            new KeyValuePair<string, object?>("kind", answered.Kind), new KeyValuePair<string, object?>("outcome", answered.Outcome)));

    private IEnumerable<Measurement<long>> Resumes()
    {
        foreach (var service in _services.Catalog.Running)
        {
            yield return new(service.Counts.Differences, HostMeter.Service(service.Name), new("by", "difference"));
            yield return new(service.Counts.Wholes, HostMeter.Service(service.Name), new("by", "whole"));
        }
    }

    private IEnumerable<Measurement<double>> Delays() =>
        from service in _services.Catalog.Running
        where service.FeedDelay is not null
        select new Measurement<double>(service.FeedDelay!.Value.TotalSeconds, HostMeter.Service(service.Name));

    private IEnumerable<Measurement<long>> Plugins() =>
        from service in _services.Services
        where service is { Writer: not null, Plan.Plugin: not null }
        group service by service.Plan.Plugin!.Manifest into users
        select new Measurement<long>(
            users.Count(),
            new KeyValuePair<string, object?>("plugin", users.Key.Name), new KeyValuePair<string, object?>("version", users.Key.Version));

    private void Gauge(string name, string unit, string description, Func<long> value) =>
        _meter.CreateObservableUpDownCounter($"sharedstate.{name}", value, unit, description);

    private void Counter(string name, string unit, string description, Func<long> value) =>
        _meter.CreateObservableCounter($"sharedstate.{name}", value, unit, description);

    private void ServiceGauge(string name, string unit, string description, Func<ServiceWriter, long> value) =>
        _meter.CreateObservableUpDownCounter($"sharedstate.{name}", () => Each(value), unit, description);

    private void ServiceCounter(string name, string unit, string description, Func<ServiceWriter, long> value) =>
        _meter.CreateObservableCounter($"sharedstate.{name}", () => Each(value), unit, description);

    private IEnumerable<Measurement<long>> Each(Func<ServiceWriter, long> value) =>
        _services.Catalog.Running.Select(service => Of(service.Name, value(service)));

    private static Measurement<long> Of(string service, long value) => new(value, HostMeter.Service(service));
}
