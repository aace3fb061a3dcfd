using System.Diagnostics;
using System.Globalization;
using SharedState.Host.Diagnostics;

namespace SharedState.Host.PluginTest;

/// <summary>
/// The report card, written line by line: kept promises, broken promises with advice, and throughput. It is also kept for programs.
/// </summary>
internal sealed class ReportCard(TextWriter output)
{
    private const int Width = 110, MostLines = 8;

    private static readonly bool Colours = !Console.IsOutputRedirected
        && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));

    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly List<Verdict> _verdicts = [];
    private readonly List<Throughput.Rates> _rates = [];
    private readonly List<string> _remarks = [];
    private string _part = "";
    private double _told;

    /// <summary>The whole card, when it has ended.</summary>
    public Report Report { get; private set; } = new() { Folder = "" };

    public bool NotLoaded(string folder, string why)
    {
        Report = new() { Folder = folder, Ended = why, Seconds = Seconds };
        output.WriteLine($"{folder} does not load:");
        foreach (var line in why.Split('\n')) output.WriteLine($"  {Bad("✗")} {Printable.Text(line.Trim())}");
        return false;
    }

    public void Begin(string title, string about, string folder)
    {
        Report = new() { Plugin = title, About = about, Folder = folder };
        output.WriteLine($"{Strong(title)}  {about}  {folder}");
    }

    public void Part(string name, string remark = "")
    {
        _part = name;
        if (remark.Length > 0) _remarks.Add(remark);
        output.WriteLine($"\n{Strong(name)}{(remark.Length == 0 ? "" : $"  {remark}")}");
    }

    public void Kept(string sentence)
    {
        _verdicts.Add(NewVerdict(sentence, "kept"));
        output.WriteLine($"  {Good("✓")} {sentence}");
    }

    public void LeftOut(string sentence, string why)
    {
        _verdicts.Add(NewVerdict(sentence, "left_out") with { Why = why });
        output.WriteLine($"  – {sentence} ({why})");
    }

    public void Broken(string sentence, string found, string fix)
    {
        _verdicts.Add(NewVerdict(sentence, "broken") with { Found = found, Fix = fix });
        output.WriteLine($"  {Bad("✗")} {Bad(sentence)}");
        Write("found", found);
        Write("fix", fix);
    }

    public void Throughput(bool durable) =>
        output.WriteLine(
            $"\n{Strong("Throughput")}, updates a second{"this plugin",14}{(durable ? "Items.Sqlite" : ":memory:"),16}{"ratio",10}");

    public void Rate(Throughput.Rates rates, bool durable)
    {
        _rates.Add(rates);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"  {Commits(rates.Updates),-28}{rates.Tested,14:N0}{rates.Sqlite,16:N0}{rates.Ratio,10:0.00}"));
        if (!durable || rates.Remark is not { } remark) return;
        _remarks.Add(remark);
        Write("remark", remark);
    }

    public void NotMeasured(int updates, string why)
    {
        output.WriteLine($"  {Commits(updates),-28}not measured:");
        Write("found", why);
    }

    /// <summary>Writes the last line. Whether no promise is broken.</summary>
    public bool End(string? remark)
    {
        Report = Report with
        {
            Ended = remark,
            Kept = Count("kept"),
            Broken = Count("broken"),
            LeftOut = Count("left_out"),
            Seconds = Seconds,
            Promises = _verdicts,
            Throughput = _rates,
            Remarks = _remarks,
        };
        var counts = string.Create(
            CultureInfo.InvariantCulture,
            $"{Report.Kept} kept, {Report.Broken} broken, {Report.LeftOut} left out, in {Report.Seconds:0} s.");
        output.WriteLine($"\n{(Report.Broken == 0 ? Good(counts) : Bad(counts))}{(remark is null ? "" : $" {remark}")}");
        return Report.Broken == 0;
    }

    private double Seconds => Math.Round(_clock.Elapsed.TotalSeconds, 3);

    private int Count(string outcome) => _verdicts.Count(verdict => verdict.Outcome == outcome);

    /// <summary>A verdict on the promise whose test has just ended.</summary>
    private Verdict NewVerdict(string sentence, string outcome)
    {
        var took = Seconds - _told;
        _told = Seconds;
        return new(_part, sentence, outcome, Math.Round(took, 3));
    }

    private static string Commits(int updates) => updates == 1 ? "one update a commit" : $"{updates} updates a commit";

    /// <summary>Writes a text in a column, wrapped between words.</summary>
    private void Write(string label, string text)
    {
        var lines =
            text.Split('\n').Select(line => Printable.Text(line.TrimEnd())).Where(line => line.Length > 0).SelectMany(Wrapped).ToArray();
        foreach (var line in lines.Take(MostLines))
        {
            output.WriteLine($"      {Quiet(label.PadRight(6))} {line}");
            label = "";
        }
        if (lines.Length > MostLines) output.WriteLine($"             .. {lines.Length - MostLines} more lines");
    }

    private static IEnumerable<string> Wrapped(string line)
    {
        while (line.Length > Width)
        {
            var end = line.LastIndexOf(' ', Width);
            if (end <= 0) end = Width;
            yield return line[..end];
            line = line[end..].TrimStart();
        }
        yield return line;
    }

    private static string Good(string text) => Coloured("32", text);

    private static string Bad(string text) => Coloured("31", text);

    private static string Quiet(string text) => Coloured("90", text);

    private static string Strong(string text) => Coloured("1", text);

    private static string Coloured(string code, string text) => Colours ? $"\e[{code}m{text}\e[0m" : text;
}
