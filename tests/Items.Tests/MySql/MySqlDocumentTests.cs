using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using SharedState.Host.Tests;
using SharedState.Items.MySql;
using Xunit;

namespace SharedState.Items.Tests.MySql;

/// <summary>
/// docs/OPERATING.md tells how to set up a database: its statements are run here as they stand there, and its configuration is used.
/// </summary>
public sealed partial class MySqlDocumentTests : MySqlTests
{
    private static readonly string _chapter = Chapter();

    [MariaDbFact]
    public async Task TheStatementsOfTheManualMakeADatabaseThatItsConfigurationOpens()
    {
        await using var server = await MariaDbServer.StartAsync();
        var blocks = Blocks("sql").ToArray();
        Assert.Equal(2, blocks.Length);
        await server.SqlAsync(blocks[0]);
        await server.SqlAsync(
            "CREATE TABLE items (app VARCHAR(128), chnl VARCHAR(128), id VARCHAR(64), ctime TIMESTAMP DEFAULT CURRENT_TIMESTAMP, data "
                + "TEXT, "
            + "PRIMARY KEY (app, chnl, id)) CHARACTER SET utf8",
            "sharedstate");

        var config = JsonDocument
            .Parse(Assert.Single(Blocks("json")))
            .RootElement.EnumerateObject()
            .ToDictionary(value => value.Name, value => $"{value.Value}");
        config["db_host"] = "127.0.0.1";
        config["db_port"] = server.Port.ToString(CultureInfo.InvariantCulture);
        await UseAsync(config);

        // Once the tables are there, less is enough.
        await server.SqlAsync(blocks[1]);
        await UseAsync(config);
    }

    private async Task UseAsync(Dictionary<string, string> config)
    {
        await using var service = new MySqlItemService();
        await service.OpenAsync(new ItemServiceContext { ServiceName = "items", Config = config, BaseDirectory = "/", Logger = Log }, CancellationToken.None);
        await InsertAsync(service, "a");
        await RemoveAsync(service, "a");
        Assert.Single((await LoadAsync(service)).Tombstones);
    }

    private static IEnumerable<string> Blocks(string language) =>
        CodeBlock().Matches(_chapter).Where(block => block.Groups[1].Value == language).Select(block => block.Groups[2].Value);

    private static string Chapter() =>
        File.ReadAllText(Repository.At("docs", "OPERATING.md"))
            .Split("\n## ")
            .Single(chapter => chapter.StartsWith("MariaDB and MySQL\n", StringComparison.Ordinal));

    [GeneratedRegex("```([a-z]+)\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CodeBlock();
}
