using System.Net;
using System.Net.Sockets;
using SharedState.Host.Services;

namespace SharedState.Host.Tests.Configuration;

/// <summary>Each mistake is one sentence with its place.</summary>
public sealed class MistakeTests : IDisposable
{
    private const string Items = """{"name": "items", "module": "items_service", "config": {"db_type": "memory"}}""";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("", "my.json: the file is empty; it should hold a JSON object")]
    [InlineData("  \n ", "my.json: the file is empty; it should hold a JSON object")]
    [InlineData("{\n \"service\": }", "my.json:2:13: this is not JSON: '}' is an invalid start of a value.")]
    [InlineData("[]", "my.json:1:1: must be an object, not a list")]
    [InlineData(
        "{}",
        "my.json:1:1: no service is configured; add one to \"services\", like {\"name\": \"items\", \"module\": \"items_service\", "
            + "\"config\": {\"db_type\": \"sqlite\", \"db_name\": \"items.db\"}}"
    )]
    public void AFileThatHoldsNothingUsefulIsOneMistake(string json, string expected) => Assert.Equal([expected], Read(json));

    [Theory]
    [InlineData("\"nmae\": \"items\", \"module\": \"items_service\"", "services[0].nmae: unknown field; did you mean \"name\"?")]
    [InlineData("\"name\": \"items\", \"modul\": \"items_service\"", "services[0].modul: unknown field; did you mean \"module\"?")]
    public void AMisspelledFieldThatIsNeededIsOneMistake(string fields, string expected) =>
        Assert.EndsWith(
            expected,
            Assert.Single(Read($$$"""{"services": [{{{{fields}}}, "config": {"db_type": "memory"}}]}""")),
            StringComparison.Ordinal);

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public void AFileInUtf16IsOneMistakeThatSaysSo(bool bigEndian, bool mark)
    {
        var text = $"{{\"services\": [{Items}]}}";
        var encoding = new System.Text.UnicodeEncoding(bigEndian, mark);
        File.WriteAllBytes(_folder["wide.json"], [.. encoding.GetPreamble(), .. encoding.GetBytes(text)]);
        Assert.Equal(
            [$"{_folder["wide.json"]}: the file is in UTF-16, and must be in UTF-8; save it as UTF-8"], Mistakes(_folder["wide.json"]));
    }

    [Fact]
    public void AMissingFileIsOneMistake() =>
        Assert.Equal([$"{_folder["other.json"]}: the file cannot be read: there is no such file"], Mistakes(_folder["other.json"]));

    [Theory]
    [InlineData("\"prot\": 1", "service.prot: unknown field; did you mean \"port\"?")]
    [InlineData(
        "\"zzzzzzzzz\": 1",
        "service.zzzzzzzzz: unknown field; known are admin, compression, host, hosts, limits, log, log_level, origins, pages, port, tls")]
    [InlineData("\"port\": \"x\"", "service.port: must be a whole number from 0 to 65535, not a string")]
    [InlineData("\"port\": 65536", "service.port: must be a whole number from 0 to 65535, not 65536")]
    [InlineData("\"port\": 1.5", "service.port: must be a whole number from 0 to 65535, not 1.5")]
    [InlineData("\"host\": 1", "service.host: must be a string, not 1")]
    [InlineData("\"log\": \"xml\"", "service.log: must be \"text\" or \"json\", not \"xml\"")]
    [InlineData("\"compression\": 1", "service.compression: must be true or false, not 1")]
    [InlineData("\"pages\": 1", "service.pages: must be false for no pages, or the folder of your own pages, like \"www\", not a number")]
    [InlineData("\"pages\": \"\"", "or the folder of your own pages, like \"www\", not an empty text")]
    [InlineData("\"pages\": \"no-such-folder\"", "no-such-folder")]
    [InlineData(
        "\"pages\": \".\"",
        "service.pages: this folder holds the configuration file, which everyone could read; use a folder that holds only pages")]
    [InlineData("\"limits\": 1", "service.limits: must be an object, not a number")]
    [InlineData("\"limits\": {\"ping_secnds\": 1}", "service.limits.ping_secnds: unknown field; did you mean \"ping_seconds\"?")]
    [InlineData("\"limits\": {\"storage_seconds\": 10}", "service.limits.storage_seconds: must be a number from 0.1 to 9, not 10")]
    [InlineData("\"limits\": {\"stop_seconds\": 8.5}", "service.limits.stop_seconds: must be a number from 0.1 to 8, not 8.5")]
    [InlineData("\"limits\": {\"watch_seconds\": 61}", "service.limits.watch_seconds: must be a number from 0.1 to 60, not 61")]
    [InlineData("\"tls\": {\"key\": \"k\"}", "service.tls: \"certificate\" is missing")]
    [InlineData(
        "\"origins\": [\"https://a.org/\"]",
        "service.origins[0]: must be an origin as browsers send it, like \"https://example.org\", without a path, or \"*\" for all"
    )]
    [InlineData(
        "\"origins\": [\"https://a.org:443\"]",
        "service.origins[0]: must be an origin as browsers send it, like \"https://example.org\", without a path, or \"*\" for all"
    )]
    [InlineData("\"port\": 1, \"port\": 2", "service.port: stands here a second time; the first is in line 1")]
    [InlineData(
        "\"port\": {\"env\": \"SHAREDSTATE_NOT_SET\"}",
        "service.port.env: the environment has no variable \"SHAREDSTATE_NOT_SET\"; set it before the start")]
    [InlineData("\"port\": {\"file\": \"no.txt\"}", "service.port.file: the file no.txt cannot be read: there is no such file")]
    public void AMistakeInServiceNamesTheRemedy(string field, string expected) =>
        Assert.EndsWith(
            expected, Assert.Single(Read($$$"""{"service": {{{{field}}}}, "services": [{{{Items}}}]}""")), StringComparison.Ordinal);

    [Theory]
    [InlineData(
        "\"Items.Sqlite\": 1",
        "pins.Items.Sqlite: must be the SHA-256 of a plugin's content (64 hex digits, as --plugins shows it), or a list of such hashes")]
    [InlineData(
        "\"Items.Sqlite\": [\"abc\"]",
        "pins.Items.Sqlite[0]: must be the SHA-256 of a plugin's content (64 hex digits, as --plugins shows it), or a list of such hashes")]
    [InlineData(
        "\"Items.Sqlite\": {\"file\": \"no.txt\"}", "pins.Items.Sqlite.file: the file no.txt cannot be read: there is no such file")]
    public void APinIsAHash(string pin, string expected) =>
        Assert.EndsWith(expected, Assert.Single(Read($$$"""{"services": [{{{Items}}}], "pins": {{{{pin}}}}}""")), StringComparison.Ordinal);

    [Theory]
    [InlineData("\"name\": \"\"", "a service's name must not be empty")]
    [InlineData("\"name\": \"a/b\"", "must not hold a slash")]
    [InlineData("\"name\": \".x\"", "must not start with a dot")]
    [InlineData("\"name\": \"a\\u0007\"", "must not hold control characters")]
    [InlineData("\"name\": \"\\ud800\"", "holds a \\u escape that is no character")]
    public void AWrongServiceNameIsRefused(string name, string expected) =>
        Assert.Contains(
            Read($$$"""{"services": [{{{{name}}}, "module": "items_service", "config": {"db_type": "memory"}}]}"""),
            mistake => mistake.Contains(expected, StringComparison.Ordinal));

    [Theory]
    [InlineData("clock")]
    [InlineData("subs")]
    [InlineData("ä ö?#%41")]
    public void AnyOtherNameIsFine(string name) =>
        Assert.Empty(Read($$$"""{"services": [{"name": "{{{name}}}", "module": "items_service", "config": {"db_type": "memory"}}]}"""));

    [Theory]
    [InlineData("\"db_nmae\": \"x\"", "services[0].config.db_nmae: unknown key for TestPlugins.Memory 1.0.0; did you mean \"db_name\"?")]
    [InlineData("\"size\": \"big\"", "services[0].config.size: must be a whole number, not a string")]
    [InlineData("\"size\": 1.5", "services[0].config.size: must be a whole number, not 1.5")]
    [InlineData("\"wait_ms\": 501", "services[0].config.wait_ms: must be a whole number from 5 to 500, not 501")]
    [InlineData("\"mode\": \"quick\"", "services[0].config.mode: must be \"fast\" or \"safe\", not \"quick\"")]
    [InlineData("\"db_password\": 12345", "services[0].config.db_password: must be a string, not a number")]
    [InlineData("\"ssl\": {\"enabled\": 1}", "services[0].config.ssl.enabled: must be true or false, not a number")]
    [InlineData(
        "\"ssl\": {\"enabled\": true}, \"ssl.enabled\": true", "services[0].config.ssl.enabled: \"ssl.enabled\" stands here a second time")]
    [InlineData("\"db_name\": []", "services[0].config.db_name: a service's configuration holds no lists")]
    public void AServicesConfigIsCheckedAgainstThePluginsManifest(string entry, string expected) =>
        Assert.EndsWith(
            expected,
            Assert.Single(
                Read($$$"""{"services": [{"name": "items", "module": "items_service", "config": {"db_type": "memory", {{{entry}}}}}]}""")),
            StringComparison.Ordinal);

    [Fact]
    public void AnUnknownModuleListsTheInstalledOnes() => Assert.Equal(
        ["my.json:1:43 services[0].module: unknown module \"item_service\"; the installed plugins serve items_service"],
        Read("""{"services": [{"name": "items", "module": "item_service", "config": {}}]}"""));

    [Fact]
    public void AnUnknownModuleIsReportedTogetherWithThePluginThatWasLeftOut()
    {
        _folder.Write(
            "plugs/Mine/plugin.json",
            """{"name": "Mine", "version": "1", "assembly": "Mine.dll", "modules": ["my_service"], "db_tpes": []}""");
        _folder.Write("my.json", """{"plugins": ["plugs"], "services": [{"name": "items", "module": "my_service", "config": {}}]}""");
        using var installation = Installation.Read(_folder["my.json"], TempFolder.TestPlugins, listen: false);
        Assert.Equal(
            [
                $"{_folder["my.json"]}:1:65 services[0].module: unknown module \"my_service\"; the installed plugins serve items_service",
                $"a plugin is left out: {_folder["plugs/Mine/plugin.json"]}:1:85 db_tpes: unknown field; did you mean \"db_types\"?",
            ],
            installation.Complaints);
    }

    [Fact]
    public void APortInUseIsInTheSameReport()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;
        Assert.Equal(
            [
                $"my.json:2:22 service.port: another program uses 127.0.0.1:{port}; end that program, or use another port",
                "my.json:3:2 servics: unknown field; did you mean \"service\"?",
            ],
            Read(
                "{\n \"service\": {\"port\": " + port + ", \"host\": \"127.0.0.1\"},\n \"servics\": [], \"services\": [" + Items + "]}",
                listen: true));
    }

    [Fact]
    public void AnAddressOfAnotherComputerIsAMistake() =>
        Assert.Contains(
            "is not an address of this computer",
            Assert.Single(Read($$"""{"service": {"host": "192.0.2.1"}, "services": [{{Items}}]}""", listen: true)),
            StringComparison.Ordinal);

    [Fact]
    public void PlacesCountCharactersNotBytes() =>
        Assert.StartsWith(
            "my.json:2:15 ",
            Assert.Single(Read("{ // ä\n /* äöü€😀 */ \"x\": 1, \"services\": [" + Items + "]}")),
            StringComparison.Ordinal);

    [Fact]
    public void AMistakeCannotDriveTheTerminal() =>
        Assert.Contains(
            "service.\\u001b[2J:", Assert.Single(Read($$"""{"service": {"\u001b[2J": 1}, "services": [{{Items}}]}""")),
            StringComparison.Ordinal);

    private string[] Read(string json, bool listen = false) =>
        [
            .. Mistakes(_folder.Write("my.json", json), listen)
                .Select(line => line.Replace(_folder.FullName + Path.DirectorySeparatorChar, "", StringComparison.Ordinal)),
        ];

    private static string[] Mistakes(string file, bool listen = false)
    {
        using var installation = Installation.Read(file, TempFolder.TestPlugins, listen);
        return [.. installation.Mistakes.Select(mistake => mistake.ToString())];
    }
}
