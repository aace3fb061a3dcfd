using System.Globalization;
using System.Text.RegularExpressions;
using SharedState.Host.Configuration;
using SharedState.Host.JsonFiles;

namespace SharedState.Host.Tests.Configuration;

/// <summary>The configuration and the limits of docs/OPERATING.md are those of the host.</summary>
public sealed partial class OperatingPageTests : IDisposable
{
    private static readonly Limits Defaults = new();

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void TheConfigurationLacksNothingButTheCertificate()
    {
        var text = Manual.Block("jsonc");
        Assert.Contains("9f86…", text, StringComparison.Ordinal);
        _folder.Write("my.json", text.Replace("9f86…", new string('a', 64), StringComparison.Ordinal));
        Directory.CreateDirectory(_folder["www"]);
        Directory.CreateDirectory(_folder["more/plugins"]);
        var mistake = Assert.Single(HostConfig.Read(JsonFile.Read(_folder["my.json"])).File.Mistakes);
        Assert.EndsWith(
            $"service.tls: the file {_folder["cert.pem"]} cannot be read: there is no such file", mistake.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void TheTableHasEachLimitWithItsDefault()
    {
        var page = File.ReadAllText(Repository.At("docs", "OPERATING.md"));
        var table = page.Split("\n### Limits\n")[1].Split("\n## ")[0];
        var shown = new Dictionary<string, double?>();
        foreach (Match row in RowPattern().Matches(table))
        {
            var names = row.Groups[1].Value.Split(' ').Select(name => name.Trim('`')).ToArray();
            var defaults = row.Groups[2].Value.Split(", ");
            Assert.Equal(names.Length, defaults.Length);
            foreach (var (name, value) in names.Zip(defaults)) shown.Add(name, Number(name, value));
        }
        Assert.Equal(LimitField.All.ToDictionary(limit => limit.Name, limit => limit.Read(Defaults)), shown);
    }

    /// <summary>The number of a text like <c>1,000</c>, <c>16 KiB</c> or <c>null (off)</c>.</summary>
    private static double? Number(string name, string text)
    {
        if (text == "null (off)") return null;
        if (name == "memory_bytes") return Defaults.Memory.Limit; // described in words
        var words = text.Split(' ');
        var unit = words.Length == 1 ? 0 : Array.IndexOf(["bytes", "KiB", "MiB", "GiB"], words[1]);
        return double.Parse(words[0], NumberStyles.Number, CultureInfo.InvariantCulture) * Math.Pow(1024, unit);
    }

    [GeneratedRegex(@"^\| ((?:`\w+` ?)+) \| ([^|]+) \|", RegexOptions.Multiline)]
    private static partial Regex RowPattern();
}
