using Microsoft.Extensions.Time.Testing;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting;
using SharedState.Host.Diagnostics;

namespace SharedState.Host.Tests.Diagnostics;

/// <summary>A log stays readable whatever clients do.</summary>
public sealed class LogTests : IDisposable
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch);
    private readonly StringWriter _output = new() { NewLine = "\n" };

    public void Dispose() => _output.Dispose();

    [Fact]
    public void BeyondTenLinesASecondOnlyTheirNumberIsLogged()
    {
        using (var log = Create())
        {
            for (var i = 0; i < 1_244; i++) log.Warning("Client {Number} misbehaves", i);
            log.Warning("Something else");
            Assert.Equal(11, Lines().Length);
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal("WRN Client {Number} misbehaves .. 1,234 more in the last second", Lines()[11]);
            log.Warning("Client {Number} misbehaves", 7);
            Assert.Equal("WRN Client 7 misbehaves", Lines()[12]);
        }
        Assert.Equal(13, Lines().Length);
    }

    [Fact]
    public void TheEndOfTheLogReportsTheLinesThatWereHeldBack()
    {
        using (var log = Create())
        {
            for (var i = 0; i < 12; i++) log.Warning("Again");
        }
        Assert.Equal("WRN Again .. 2 more in the last second", Lines()[^1]);
    }

    [Fact]
    public void EachServiceHasItsOwnTenLinesAndALineThatNamesItForTheOthers()
    {
        using (var log = Create())
        {
            foreach (var (service, count) in new[] { ("items", 12), ("notes", 13), ("quiet", 2) })
            {
                var plugin = log.ForContext("SourceContext", $"Service.{service}");
                for (var i = 0; i < count; i++) plugin.Warning("A connection was lost");
                for (var i = 0; i < count; i++) log.Warning("Service {Service}: a commit failed", service);
            }
            Assert.Equal(4 * 10 + 4, Lines().Length);
        }
        Assert.Equal(
            [
                "WRN Service items: A connection was lost .. 2 more in the last second",
                "WRN Service items: Service {Service}: a commit failed .. 2 more in the last second",
                "WRN Service notes: A connection was lost .. 3 more in the last second",
                "WRN Service notes: Service {Service}: a commit failed .. 3 more in the last second",
            ],
            Lines()[^4..]);
    }

    [Fact]
    public void AValueCannotFakeALineOrDriveTheTerminal()
    {
        using var log = Create();
        log.Warning("Name {Name}", "a\r\n12:00:00 INF all is well \u001b[2J\u202e\u2028\ud800");
        Assert.Equal(["WRN Name a\\u000d\\u000a12:00:00 INF all is well \\u001b[2J\\u202e\\u2028\\ud800"], Lines());
    }

    [Fact]
    public void ALineTellsTheDateTheZoneAndTheServiceOfItsPlugin()
    {
        using var log = Create();
        var plugin = log.ForContext("SourceContext", "Service.items");
        plugin.Warning("A table is altered");
        plugin.Warning("Service {Service}: opened", "items");
        log.ForContext("SourceContext", "Host").Warning("Stopping");
        Assert.Equal(["WRN Service items: A table is altered", "WRN Service items: opened", "WRN Stopping"], Lines());
        Assert.Matches("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[+-][0-9]{2}:[0-9]{2} WRN ", _output.ToString());
    }

    [Fact]
    public void AJsonLineHasTheTextTheTemplateAndTheService()
    {
        using var log = Create(new JsonLines());
        var plugin = log.ForContext("SourceContext", "Service.items");
        plugin.Error(new InvalidOperationException("no"), "Table {Table} has {Count} rows", "a\"b", 7);
        var line = System.Text.Json.Nodes.JsonNode.Parse(_output.ToString())!;
        Assert.Equal("Table a\"b has 7 rows", (string)line["@m"]!);
        Assert.Equal("Table {Table} has {Count} rows", (string)line["@mt"]!);
        Assert.Equal(("Error", "items", 7), ((string)line["@l"]!, (string)line["Service"]!, (int)line["Count"]!));
        Assert.Contains("InvalidOperationException: no", (string)line["@x"]!, StringComparison.Ordinal);
    }

    [Fact]
    public void ALongValueIsCut()
    {
        using var log = Create();
        log.Warning("Name {Name}", new string('x', 100_000));
        Assert.EndsWith("xx.. (98,000 more characters)", Lines()[0], StringComparison.Ordinal);
        Assert.True(Lines()[0].Length < 2_100);
    }

    [Fact]
    public void AnExceptionsLinesAreIndentedAndPrintable()
    {
        using var log = Create();
        log.Error(new InvalidOperationException("one\n12:00:00 INF two\u001b"), "Failed");
        Assert.Equal(["ERR Failed", "         System.InvalidOperationException: one", "         12:00:00 INF two\\u001b"], Lines());
    }

    [Fact]
    public void ColoursAreWrittenOnlyWhenAsked()
    {
        using var log = Create(new TextLines(colours: true));
        log.Warning("x");
        Assert.Contains("\e[33mWRN\e[0m", _output.ToString(), StringComparison.Ordinal);
    }

    private Logger Create(ITextFormatter? formatter = null) =>
        new LoggerConfiguration()
            .Enrich.With(new ServiceNames(), new PrintableValues())
            .WriteTo.Sink(
                new RateLimit(
                    new LoggerConfiguration().WriteTo.Sink(new Written(formatter ?? new TextLines(colours: false), _output)).CreateLogger(),
                    _time))
            .CreateLogger();

    /// <summary>The lines without their times.</summary>
    private string[] Lines() =>
        [
            .. _output
                .ToString()
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => line[0] == ' ' ? line : line["1970-01-01T00:00:00+00:00 ".Length..]),
        ];

    private sealed class Written(ITextFormatter formatter, TextWriter output) : ILogEventSink
    {
        public void Emit(LogEvent logEvent) => formatter.Format(logEvent, output);
    }
}
