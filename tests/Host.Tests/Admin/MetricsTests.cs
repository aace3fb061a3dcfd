using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging.Abstractions;
using Serilog;
using SharedState.Host.Changes;
using SharedState.Host.Connections;
using SharedState.Host.Diagnostics;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Admin;

/// <summary>The metrics of the real program, and their description in docs/METRICS.md and docs/grafana.json.</summary>
public sealed partial class MetricsTests : IDisposable
{
    private const string ClosedByClient = "sharedstate_connection_closes_total{code=\"client\"}";

    private readonly TempFolder _folder = new();
    private readonly HttpClient _client = new();

    public void Dispose()
    {
        _client.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task TheTableInTheDocsIsWhatTheCodeMeasures()
    {
        var measured = new Dictionary<string, string>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Name != HostMeter.Name) return;
            lock (measured) measured[instrument.Name] = $"{Kind(instrument)} {instrument.Unit} {instrument.Description}";
        };
        listener.Start();
        RuntimeHelpers.RunClassConstructor(typeof(HostMeter).TypeHandle);
        using var swaps = new SwapCounts();
        using var queue = new LogQueue(new LoggerConfiguration().CreateLogger(), TimeProvider.System);
        var state = new HostState(new([]), new(), TimeProvider.System, NullLogger.Instance);
        using var connections = new ConnectionRegistry(state);
        await using var services = await ServiceSet.OpenAsync([], new(), TimeProvider.System);
        using var metrics = new HostMetrics(services, connections, state);

        var described = Table("metric").ToDictionary(row => Code(row[0]).Single(), row => $"{row[1]} {Code(row[2]).Single()} {row[4]}");
        Assert.Equal(described.OrderBy(metric => metric.Key), measured.OrderBy(metric => metric.Key));
    }

    [Fact]
    public async Task TheAdminSideShowsWhatTheHostHasDone()
    {
        using var host = Start("""{"port": 0, "admin": {"port": 0}}""");
        var client = await host.ConnectAsync();
        await client.PutAsync("/app/items/a", """{"insert":[{"id":"1"},{"id":"2"}]}""");
        var at = await client.GetAsync("/app/items/a");
        await client.PutAsync("/app/items/a", """{"insert":[{"id":"3"}]}""");
        await client.PutAsync("/app/nothing/a", """{"insert":[{"id":"3"}]}""");
        await client.PutAsync("/app/items/a", """{"if":{"absent":["1"]},"insert":[{"id":"1"}]}""");
        var since = $$"""{"since":{{at["rev"]}},"epoch":{{at["epoch"]!.ToJsonString()}}}""";
        await client.PutAsync("/subs", $$"""{"insert":[["/app/items/a",{{since}}]]}""");
        await client.NotificationAsync();
        await client.PutAsync("/subs", """{"insert":[["/app/items/a",{"since":1,"epoch":"another"}]]}""");
        await client.NotificationAsync();
        foreach (var file in new[] { "items.db", "items.db-wal", "items.db-shm" }) File.Move(_folder[file], _folder[$"away-{file}"]);
        await client.PutAsync("/app/items/a", """{"insert":[{"id":"4"}]}""");

        var series = await ScrapeAsync(host);
        Assert.Equal(1, series["sharedstate_connections"]);
        Assert.Equal(1, series["sharedstate_subscriptions{service=\"items\"}"]);
        Assert.Equal(0, series["sharedstate_subscriptions_lagging{service=\"items\"}"]);
        Assert.Equal(2, series["sharedstate_updates_total{service=\"items\"}"]);
        Assert.Equal(2, series["sharedstate_deliveries_total{service=\"items\"}"]);
        Assert.Equal(1, series["sharedstate_resumes_total{by=\"difference\",service=\"items\"}"]);
        Assert.Equal(1, series["sharedstate_resumes_total{by=\"whole\",service=\"items\"}"]);
        Assert.Equal(1, series["sharedstate_collections{service=\"items\"}"]);
        Assert.Equal(3, series["sharedstate_collection_items{service=\"items\"}"]);
        Assert.InRange(series["sharedstate_collection_size_bytes{service=\"items\"}"], 3 * "{\"id\":\"1\"}".Length, 10_000);
        Assert.Equal(2, series["sharedstate_collection_loads_total{outcome=\"ok\",service=\"items\"}"]); // the collection, the leases
        Assert.Equal(3, series["sharedstate_commit_duration_seconds_count{outcome=\"ok\",service=\"items\"}"]);
        Assert.Equal(1, series["sharedstate_commit_duration_seconds_count{outcome=\"failed\",service=\"items\"}"]);
        Assert.Equal(1, series["sharedstate_storage_errors_total{call=\"commit\",fault=\"unavailable\",service=\"items\"}"]);
        Assert.Equal(0, series["sharedstate_service_ready{service=\"items\"}"]);
        Assert.Equal(2, series["sharedstate_requests_total{kind=\"update\",outcome=\"ok\"}"]);
        Assert.Equal(1, series["sharedstate_requests_total{kind=\"update\",outcome=\"not_found\"}"]);
        Assert.Equal(1, series["sharedstate_requests_total{kind=\"update\",outcome=\"conflict\"}"]);
        Assert.Equal(1, series["sharedstate_requests_total{kind=\"update\",outcome=\"unavailable\"}"]);
        Assert.Equal(1, series["sharedstate_requests_total{kind=\"read\",outcome=\"ok\"}"]);
        Assert.Equal(2, series["sharedstate_requests_total{kind=\"subscribe\",outcome=\"ok\"}"]);
        Assert.Equal(10, series["sharedstate_sent_frames_total"]); // 8 replies, 2 notifications
        Assert.InRange(series["sharedstate_sent_size_bytes_total"], 10 * 50, 10_000);
        Assert.Equal(0, series["sharedstate_outbox_size_bytes"]);
        Assert.InRange(series["sharedstate_memory_usage_bytes"], 1_000, series["sharedstate_memory_limit_bytes"]);
        Assert.Equal(1, series["sharedstate_plugin_services{plugin=\"Items.Sqlite\",version=\"1.0.0\"}"]);
        Assert.Equal(0, series["sharedstate_log_dropped_total"]);
        Assert.Contains(series.Keys, name => name.StartsWith("dotnet_gc_collections_total", StringComparison.Ordinal));

        await client.Socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        await client.DisposeAsync();
        await Wait.UntilAsync(async () => (await ScrapeAsync(host)).GetValueOrDefault(ClosedByClient) == 1, "the close");
        Assert.Equal(0, (await ScrapeAsync(host))["sharedstate_subscriptions{service=\"items\"}"]);
    }

    [Fact]
    public async Task NoClientMakesALabel()
    {
        using var host = Start("""{"port": 0, "admin": {"port": 0}}""");
        await RunAsync(0);
        var before = await ScrapeAsync(host);
        for (var client = 1; client <= 20; client++) await RunAsync(client);
        var after = await ScrapeAsync(host);
        Assert.Equal(before.Keys.Where(IsOfHost).Order(), after.Keys.Where(IsOfHost).Order());
        Assert.DoesNotContain(after.Keys, name => name.Contains("evil", StringComparison.Ordinal));

        // And the docs tell each label that there is.
        var labels = Table("metric").ToDictionary(row => Code(row[0]).Single(), row => Code(row[3]).ToHashSet());
        foreach (var name in after.Keys.Where(IsOfHost))
        {
            var metric = labels.Keys.Single(metric => Names(metric).Contains(name.Split('{')[0]));
            var shown = LabelPattern().Matches(name).Select(label => label.Groups[1].Value).Where(label => label != "le");
            Assert.Equal(labels[metric].Order(), shown.Order());
        }

        async Task RunAsync(int number)
        {
            var evil = $"evil{number}";
            var client = await Client.ConnectAsync(
                new UriBuilder(await host.UriAsync()) { Scheme = "ws", Path = evil }.Uri, options => options.AddSubProtocol(evil));
            foreach (var path in new[] { $"/{evil}/items/{evil}", $"/app/{evil}/a", $"/{evil}", "/clock", "/", "/subs" })
            {
                await client.AskAsync("GET", path);
                await client.AskAsync(evil, path);
                await client.PutAsync(path, $$"""{"insert":[{"id":"{{evil}}","{{evil}}":1}],"{{evil}}":2}""");
            }
            await client.PutAsync("/subs", $$"""{"insert":[["/app/items/{{evil}}",{"{{evil}}":1,"since":1,"epoch":"{{evil}}"}]]}""");
            await client.Socket.CloseAsync((WebSocketCloseStatus)(4_000 + number), evil, CancellationToken.None);
            await client.DisposeAsync();
            await Wait.UntilAsync(
                async () => (await ScrapeAsync(host)).GetValueOrDefault(ClosedByClient) == number + 1, "the close");
        }
    }

    [Fact]
    public async Task TheDashboardShowsMetricsThatExist()
    {
        using var host = Start("""{"port": 0, "admin": {"port": 0}}""");
        await host.WriteAndReadAsync("items");
        var shown = (await ScrapeAsync(host)).Keys.Select(name => name.Split('{')[0]).ToHashSet();
        var known = Table("metric").SelectMany(row => Names(Code(row[0]).Single())).ToHashSet();
        Assert.Superset(shown.Where(IsOfHost).ToHashSet(), known); // how names are made for Prometheus

        var board = JsonNode.Parse(await File.ReadAllTextAsync(Repository.At("docs", "grafana.json")))!;
        var panels = board["panels"]!.AsArray();
        Assert.Equal(panels.Count, panels.Select(panel => (int)panel!["id"]!).Distinct().Count());
        string[] expressions = [.. panels.SelectMany(panel => panel!["targets"]!.AsArray()).Select(target => (string)target!["expr"]!)];
        var used = expressions.SelectMany(expression => MetricPattern().Matches(expression)).Select(match => match.Value).ToHashSet();
        Assert.All(used, name => Assert.True(known.Contains(name) || shown.Contains(name), name));
        Assert.True(used.Count > 20, string.Join(", ", used));
    }

    [Fact]
    public async Task MetricsAreNotOnThePublicPortAndNotForWebPages()
    {
        using var host = Start("""{"port": 0, "admin": {"port": 0}}""");
        using var open = await _client.GetAsync(new Uri(await host.UriAsync(), "metrics"));
        Assert.Equal(HttpStatusCode.NotFound, open.StatusCode);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(await host.AdminUriAsync(), "metrics"));
        request.Headers.Add("Origin", "https://evil.example");
        using var refused = await _client.SendAsync(request);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        using var posted = await _client.PostAsync(new Uri(await host.AdminUriAsync(), "metrics"), null);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, posted.StatusCode);
    }

    [Fact]
    public async Task AHostSendsItsMetricsToTheCollectorThatTheEnvironmentNames()
    {
        using var collector = new TcpListener(IPAddress.Loopback, 0);
        collector.Start();
        using var host = Start("""{"port": 0}""", new()
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = $"http://{collector.LocalEndpoint}/",
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "100",
        });
        using var deadline = new CancellationTokenSource(HostProcess.Deadline);
        using var sent = await collector.AcceptTcpClientAsync(deadline.Token);
        var (text, buffer, answered) = ("", new byte[64 << 10], 0);
        while (!text.Contains("sharedstate.connections", StringComparison.Ordinal))
        {
            var count = await sent.GetStream().ReadAsync(buffer, deadline.Token);
            Assert.True(count > 0, text);
            text += Encoding.Latin1.GetString(buffer, 0, count);
            if (text.Split("POST ").Length - 1 == answered) continue;
            await sent.GetStream().WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), deadline.Token);
            answered++;
        }
        Assert.StartsWith("POST /v1/metrics HTTP/1.1", text, StringComparison.Ordinal);
        Assert.Contains("service.name", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AHostThatNobodyMeasuresDoesNotLoadTheLibraries()
    {
        using var host = Start("""{"port": 0}""");
        await host.WriteAndReadAsync("items");
        var files = await File.ReadAllTextAsync($"/proc/{host.Id}/maps");
        Assert.Contains("sharedstate.dll", files, StringComparison.Ordinal);
        Assert.DoesNotContain("OpenTelemetry", files, StringComparison.Ordinal);
    }

    /// <summary>The series by name and labels, without those that are the same everywhere.</summary>
    private async Task<SortedDictionary<string, double>> ScrapeAsync(HostProcess host)
    {
        var text = await _client.GetStringAsync(new Uri(await host.AdminUriAsync(), "metrics"));
        var series = new SortedDictionary<string, double>(StringComparer.Ordinal);
        foreach (var line in text.Split('\n').Where(line => line.Length > 0 && line[0] != '#'))
        {
            var parts = SeriesPattern().Match(line);
            string[] labels =
            [
                .. LabelPattern().Matches(parts.Groups[2].Value).Select(label => label.Value)
                    .Where(label => !label.StartsWith("otel_", StringComparison.Ordinal)).Order(StringComparer.Ordinal),
            ];
            var name = labels.Length == 0 ? parts.Groups[1].Value : $"{parts.Groups[1].Value}{{{string.Join(',', labels)}}}";
            series.Add(name, double.Parse(parts.Groups[3].Value.Split(' ')[0], CultureInfo.InvariantCulture));
        }
        return series;
    }

    /// <summary>The names that a metric of the table has in Prometheus.</summary>
    private static string[] Names(string metric)
    {
        var row = Table("metric").Single(row => Code(row[0]).Single() == metric);
        var unit = Code(row[2]).Single() switch { "By" => "_bytes", "s" => "_seconds", _ => "" };
        var name = metric.Replace('.', '_');
        if (!name.EndsWith(unit, StringComparison.Ordinal)) name += unit;
        return row[1] switch
        {
            "counter" => [$"{name}_total"],
            "histogram" => [$"{name}_bucket", $"{name}_count", $"{name}_sum"],
            _ => [name],
        };
    }

    /// <summary>The rows of the table of the docs whose first column has this title.</summary>
    private static List<string[]> Table(string title) =>
    [
        .. File.ReadAllLines(Repository.At("docs", "METRICS.md"))
            .SkipWhile(line => !line.StartsWith($"| {title} |", StringComparison.Ordinal))
            .TakeWhile(line => line.StartsWith('|')).Skip(2).Select(line => line.Trim('|', ' ').Split('|', StringSplitOptions.TrimEntries)),
    ];

    private static string[] Code(string cell) => [.. CodePattern().Matches(cell).Select(code => code.Groups[1].Value)];

    private static bool IsOfHost(string name) => name.StartsWith("sharedstate_", StringComparison.Ordinal);

    private static string Kind(Instrument instrument) => instrument switch
    {
        Counter<long> or ObservableCounter<long> => "counter",
        ObservableUpDownCounter<long> => "sum",
        ObservableGauge<long> or ObservableGauge<double> => "gauge",
        Histogram<double> => "histogram",
        _ => instrument.GetType().Name,
    };

    private HostProcess Start(string service, Dictionary<string, string>? environment = null)
    {
        _folder.Write("my.json", $$$"""
            {"service": {{{service}}},
             "services": [{"name": "items", "module": "items_service", "config": {"db_type": "sqlite", "db_name": "items.db"} }]}
            """);
        return HostProcess.Start(_folder.FullName, ["my.json"], environment: environment);
    }

    [GeneratedRegex(@"^([a-z_]+)(?:\{(.*)\})? (.+)$")]
    private static partial Regex SeriesPattern();

    [GeneratedRegex("([a-z_]+)=\"(?:[^\"\\\\]|\\\\.)*\"")]
    private static partial Regex LabelPattern();

    [GeneratedRegex("\\b(?:sharedstate|dotnet)_[a-z_]+")]
    private static partial Regex MetricPattern();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex CodePattern();
}
