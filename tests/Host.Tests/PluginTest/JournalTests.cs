using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using static SharedState.Host.Tests.PluginTest.ReportCard;

namespace SharedState.Host.Tests.PluginTest;

/// <summary>A plugin with a file: what a kill and a power failure leave of it, and its card for programs.</summary>
public sealed class JournalTests : IDisposable
{
    private const string Kill = "What was acknowledged survives kill -9, in whole batches";
    private const string Power = "What was acknowledged survives a power failure, in whole batches";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task AConflictThatComesBackAfterAKillIsFound()
    {
        var (code, card) = await TestAsync(Plugin("Journal"), "--only", Kill, "--config", "flaw=conflicts");
        Assert.True(code == 1, card);
        Assert.Contains($"  ✗ {Kill}\n      found  An update is stored that was answered as a Conflict.\n", card, StringComparison.Ordinal);
        (code, card) = await TestAsync(Plugin("Journal"), "--only", Kill);
        Assert.True(code == 0, card);
        Assert.Contains($"  ✓ {Kill}\n", card, StringComparison.Ordinal);
    }

    [LossyDiskFact]
    public async Task ACommitThatWasAcknowledgedBeforeTheDiskHadItIsFound()
    {
        // A kill alone does not show it.
        var (code, card) = await TestAsync(Plugin("Journal"), "--only", "What was acknowledged survives", "--config", "flaw=unsynced");
        Assert.True(code == 1, card);
        Assert.Contains($"  ✓ {Kill}\n  ✗ {Power}\n      found  ", card, StringComparison.Ordinal);
        (code, card) = await TestAsync(Plugin("Journal"), "--only", Power);
        Assert.True(code == 0, card);
        Assert.Contains($"  ✓ {Power}\n", card, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnExceptionInOpenAsyncShowsItsStackTrace()
    {
        var (code, card) = await TestAsync(Plugin("Journal"), "--config", "flaw=opening");
        Assert.Equal(1, code);
        Assert.Contains("      found  NullReferenceException: ", card, StringComparison.Ordinal);
        Assert.Contains("at TestPlugins.Service.Misconfigured(String value) in", card, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheHostLogsAnExceptionInOpenAsyncWithItsStackTraceAndAMissingLibraryInOneLine()
    {
        _folder.CopyPlugin("Journal", "plugs/Journal");
        var file = _folder.Write("my.json", """
            {"service": {"port": 0}, "plugins": ["plugs"], "services": [
              {"name": "one", "module": "items_service", "config": {"db_type": "journal", "db_name": "one", "flaw": "opening"}},
              {"name": "two", "module": "items_service", "config": {"db_type": "journal", "db_name": "two", "flaw": "native"}}]}
            """);
        using var host = HostProcess.Start(_folder.FullName, [file]);
        await host.ExitAsync(HostProcess.Deadline);
        var lines = host.Lines.ToArray();
        Assert.Contains(lines, line => line.Contains("at TestPlugins.Service.Misconfigured(String value) in ", StringComparison.Ordinal));
        var missing = "DllNotFoundException: Unable to load shared library 'journal_engine' or one of its dependencies on "
            + RuntimeInformation.RuntimeIdentifier;
        Assert.Contains(lines, line => line.EndsWith(missing, StringComparison.Ordinal));
        Assert.DoesNotContain(lines, line => line.Contains("cannot open shared object file", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ProgramsReadTheCardAsJsonAndAsJUnit()
    {
        var file = _folder["junit.xml"];
        var (code, output) = await TestAsync(
            Plugin("Journal"), "--json", "--junit", file, "--only", "kill -9", "--config", "flaw=conflicts");
        Assert.Equal(1, code);
        var card = JsonNode.Parse(output)!;
        Assert.Equal("TestPlugins.Journal 1.0.0", (string)card["plugin"]!);
        Assert.Equal((1, 1, 0), ((int)card["kept"]!, (int)card["broken"]!, (int)card["left_out"]!));
        Assert.Equal("broken", (string)card["promises"]![1]!["outcome"]!);
        Assert.Equal("An update is stored that was answered as a Conflict.", (string)card["promises"]![1]!["found"]!);

        var suite = XDocument.Load(file).Root!.Element("testsuite")!;
        Assert.Equal(("2", "1"), (suite.Attribute("tests")!.Value, suite.Attribute("failures")!.Value));
        var failed = Assert.Single(suite.Elements("testcase"), test => test.Element("failure") is not null);
        Assert.Equal(("Faults", Kill), (failed.Attribute("classname")!.Value, failed.Attribute("name")!.Value));

        // A plugin that does not load is a failure, too.
        (code, output) = await TestAsync(Plugin("TwoServices"), "--json", "--junit", file);
        Assert.Equal(1, code);
        Assert.Contains("only one class may be public", (string)JsonNode.Parse(output)!["ended"]!, StringComparison.Ordinal);
        Assert.Equal("1", XDocument.Load(file).Root!.Element("testsuite")!.Attribute("failures")!.Value);
    }
}
