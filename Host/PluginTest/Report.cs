using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Xml.Linq;
using SharedState.Host.Diagnostics;

namespace SharedState.Host.PluginTest;

/// <summary>The content of a report card, for programs: as JSON, and in the form of JUnit that build servers read.</summary>
internal sealed record Report
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Name and version of the plugin; null if it does not load.</summary>
    public string? Plugin { get; init; }

    /// <summary>Its db_types, and the version of the contract.</summary>
    public string? About { get; init; }

    public required string Folder { get; init; }

    /// <summary>Why the plugin does not load, or why the rest was not tested; null if all was tested.</summary>
    public string? Ended { get; init; }

    public int Kept { get; init; }

    public int Broken { get; init; }

    public int LeftOut { get; init; }

    public double Seconds { get; init; }

    public IReadOnlyList<Verdict> Promises { get; init; } = [];

    public IReadOnlyList<Throughput.Rates> Throughput { get; init; } = [];

    public IReadOnlyList<string> Remarks { get; init; } = [];

    public string ToJson() => JsonSerializer.Serialize(this, Json);

    /// <summary>A test suite with a test case for each promise; a plugin that does not load is one failed test case.</summary>
    public XDocument ToJUnit()
    {
        var cases = Promises.Select(Case).ToList();
        if (Plugin is null) cases.Add(Failed("It loads", Ended!, "", 0, "Loading"));
        return new(new XElement(
            "testsuites",
            new XElement(
                "testsuite", new XAttribute("name", Plugin ?? Folder), new XAttribute("tests", cases.Count),
                new XAttribute("failures", Plugin is null ? 1 : Broken), new XAttribute("skipped", LeftOut),
                new XAttribute("time", Number(Seconds)), cases)));
    }

    private static XElement Case(Verdict verdict) => verdict.Outcome switch
    {
        "broken" => Failed(verdict.Promise, verdict.Found!, verdict.Fix!, verdict.Seconds, verdict.Part),
        "left_out" => Case(
            verdict.Promise, verdict.Seconds, verdict.Part, new XElement("skipped", new XAttribute("message", verdict.Why!))),
        _ => Case(verdict.Promise, verdict.Seconds, verdict.Part),
    };

    private static XElement Failed(string promise, string found, string fix, double seconds, string part)
    {
        // XML has no control characters, which a message may have.
        var lines = found.Split('\n').Select(line => Printable.Text(line.TrimEnd())).ToArray();
        return Case(
            promise, seconds, part,
            new XElement("failure", new XAttribute("message", lines[0]), $"{string.Join('\n', lines)}\n\n{fix}".TrimEnd()));
    }

    private static XElement Case(string promise, double seconds, string part, params XElement[] content) =>
        new(
            "testcase", new XAttribute("classname", part), new XAttribute("name", promise), new XAttribute("time", Number(seconds)),
            content);

    private static string Number(double seconds) => seconds.ToString("0.000", CultureInfo.InvariantCulture);
}
