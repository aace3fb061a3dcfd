using static SharedState.Host.Tests.PluginTest.ReportCard;

namespace SharedState.Host.Tests.PluginTest;

/// <summary><c>sharedstate plugin test</c> on real plugin folders: good ones, and such that do not load, open, store or end.</summary>
public sealed class ReportCardTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task AGoodPluginGetsACompleteCardWithItsThroughput()
    {
        var (code, card) = await TestAsync(Path.Combine(AppContext.BaseDirectory, "plugins", "Items.Sqlite"), "--other", "db_table=others");
        Assert.True(code == 0, card);
        Assert.StartsWith("Items.Sqlite ", card, StringComparison.Ordinal);
        Assert.DoesNotContain("✗", card, StringComparison.Ordinal);
        Assert.Contains("  ✓ What was acknowledged survives kill -9, in whole batches\n", card, StringComparison.Ordinal);
        Assert.Contains("  ✓ Two services of one storage share nothing\n", card, StringComparison.Ordinal);
        var power = LossyDiskFactAttribute.Missing.Value is null;
        Assert.Contains(
            $" {(power ? 60 : 59)} kept, 0 broken, {(power ? 1 : 2)} left out, ", $" {card.Split('\n')[^1]}", StringComparison.Ordinal);

        // Itself beside itself: a ratio of about one, on a machine that does much else.
        foreach (var line in card.Split('\n').Where(line => line.Contains("a commit   ", StringComparison.Ordinal)))
        {
            var figures = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^3..];
            Assert.All(figures, figure => Assert.True(double.Parse(figure) > 0, line));
            Assert.InRange(double.Parse(figures[2]), 0.2, 5);
        }
    }

    [Fact]
    public async Task APluginThatHangsIsReportedAndDoesNotHangTheTest()
    {
        var (code, card) = await TestAsync(Plugin("Broken"), "--limit", "2", "--config", "fault=hangs");
        Assert.Equal(1, code);
        Assert.Contains("It did not end within 2 seconds.", card, StringComparison.Ordinal);

        (code, card) = await TestAsync(Plugin("HangsAtOpen"), "--limit", "30");
        Assert.Equal(1, code);
        Assert.Contains("OpenAsync did not return within 8 seconds.", card, StringComparison.Ordinal);
        Assert.EndsWith("The rest was not tested: first it must open.", card, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("NoService", "has no public class in TestPlugins.NoService.dll that implements SharedState.IItemService")]
    [InlineData("TwoServices", "only one class may be public")]
    public async Task APluginThatDoesNotLoadGetsTheSentenceOfTheHost(string plugin, string why)
    {
        var (code, card) = await TestAsync(Plugin(plugin));
        Assert.Equal(1, code);
        Assert.StartsWith($"{Plugin(plugin)} does not load:\n  ✗ ", card, StringComparison.Ordinal);
        Assert.Contains(why, card, StringComparison.Ordinal);
    }

    [Fact]
    public async Task APluginThatStoresNothingGetsOnlyThatFinding()
    {
        var (code, card) = await TestAsync(Plugin("Memory"));
        Assert.Equal(1, code);
        Assert.Contains(
            "  ✗ It stores items and gives them back\n      found  Two items were inserted and one of them removed; 0 are there.\n", card,
            StringComparison.Ordinal);
        Assert.EndsWith("The rest was not tested: first it must store.", card, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AConstructorThatThrowsIsReported()
    {
        var (code, card) = await TestAsync(Plugin("ThrowsInConstructor"));
        Assert.Equal(1, code);
        Assert.Contains("the moon is in the wrong phase", card, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AFolderWithoutAPluginAndAWrongConfigAreReported()
    {
        Assert.Contains("there is no plugin.json in", (await TestAsync(_folder.FullName)).Card, StringComparison.Ordinal);
        var (_, wrong) = await TestAsync(Plugin("Broken"), "--config", "sise=1");
        Assert.Contains("sise: unknown key for ", wrong, StringComparison.Ordinal);
        Assert.Contains("did you mean \"size\"", wrong, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("which plugin?", "plugin", "test")]
    [InlineData("there is no folder", "plugin", "test", "/no/such/folder")]
    [InlineData("must be followed by KEY=VALUE", "plugin", "test", ".", "--config", "x")]
    [InlineData("unknown option --fast", "plugin", "test", ".", "--fast")]
    [InlineData("one plugin is tested at a time", "plugin", "test", ".", ".")]
    [InlineData("the only plugin command is: sharedstate plugin test DIR", "plugin", "list")]
    public async Task AWrongCommandLineIsExitCode2(string expected, params string[] arguments)
    {
        var (code, output) = await RunAsync(arguments);
        Assert.Equal(2, code);
        Assert.Contains(expected, output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AServerHasNothingOfTheContractsTests()
    {
        var deps = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "sharedstate.deps.json"));
        Assert.DoesNotContain("xunit", deps, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("Conformance", deps, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(AppContext.BaseDirectory, "conformance", "SharedState.Items.Conformance.dll")));
    }

    private static string Plugin(string name) => Path.Combine(TempFolder.TestPlugins, name);
}
