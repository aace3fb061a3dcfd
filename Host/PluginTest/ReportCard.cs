using System.Diagnostics;
using System.Globalization;
using SharedState.Host.Diagnostics;

namespace SharedState.Host.PluginTest;

/// <summary>The report card, written line by line: kept promises, broken promises with advice, and throughput.</summary>
internal sealed class ReportCard(TextWriter output)
{
    private const int Width = 110, MostLines = 6;

    private static readonly bool Colours = !Console.IsOutputRedirected
        && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));

    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private int _kept, _broken, _leftOut;

    public bool NotLoaded(string folder, string why)
    {
        output.WriteLine($"{folder} does not load:");
        foreach (var line in why.Split('\n')) output.WriteLine($"  {Bad("✗")} {Printable.Text(line.Trim())}");
        return false;
    }

    public void Begin(string title, string about, string folder) => output.WriteLine($"{Strong(title)}  {about}  {folder}");

    public void Part(string name, string remark = "") => output.WriteLine($"\n{Strong(name)}{(remark.Length == 0 ? "" : $"  {remark}")}");

    public void Kept(string sentence)
    {
        _kept++;
        output.WriteLine($"  {Good("✓")} {sentence}");
    }

    public void LeftOut(string sentence, string why)
    {
        _leftOut++;
        output.WriteLine($"  – {sentence} ({why})");
    }

    public void Broken(string sentence, string found, string fix)
    {
        _broken++;
        output.WriteLine($"  {Bad("✗")} {Bad(sentence)}");
        Write("found", found);
        Write("fix", fix);
    }

    public void Throughput(bool durable) =>
        output.WriteLine(
            $"\n{Strong("Throughput")}, updates a second{"this plugin",14}{(durable ? "Items.Sqlite" : ":memory:"),16}{"ratio",10}");

    public void Rate(Throughput.Rates rates) =>
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"  {Commits(rates.Updates),-28}{rates.Tested,14:N0}{rates.Sqlite,16:N0}{rates.Ratio,10:0.00}"));

    public void NotMeasured(int updates, string why)
    {
        output.WriteLine($"  {Commits(updates),-28}not measured:");
        Write("found", why);
    }

    /// <summary>Writes the last line. Whether no promise is broken.</summary>
    public bool End(string? remark)
    {
        var counts = string.Create(
            CultureInfo.InvariantCulture, $"{_kept} kept, {_broken} broken, {_leftOut} left out, in {_clock.Elapsed.TotalSeconds:0} s.");
        output.WriteLine($"\n{(_broken == 0 ? Good(counts) : Bad(counts))}{(remark is null ? "" : $" {remark}")}");
        return _broken == 0;
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
