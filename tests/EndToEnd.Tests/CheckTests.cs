using System.Globalization;
using SharedState.Host.Tests;
using SharedState.Host.Tests.Engine;
using SharedState.Items.Tests.MySql;

namespace SharedState.EndToEnd.Tests;

/// <summary>An operator checks, backs up, and runs an existing installation with a real MariaDB.</summary>
public sealed class CheckTests
{
    private const string Table = """
        CREATE DATABASE sharedstate; USE sharedstate; CREATE USER myuser IDENTIFIED BY 'secret'; GRANT ALL ON sharedstate.* TO myuser;
        CREATE TABLE items (app VARCHAR(128), chnl VARCHAR(128), id VARCHAR(64), ctime TIMESTAMP DEFAULT CURRENT_TIMESTAMP, data TEXT,
            PRIMARY KEY (app, chnl, id)) CHARACTER SET utf8 ENGINE=MyISAM;
        INSERT INTO items (app, chnl, id, data) VALUES ('app', 'old', 'a', '{"x": 1}'), ('app', 'old', 'b', '{"x": 2}')
        """;

    [MariaDbFact]
    public async Task ACheckAltersNothingAndAStartSaysWhatItAltersUnlessItMustNot()
    {
        await using var database = await MariaDbServer.StartAsync();
        await database.SqlAsync(Table);
        using var folder = new TempFolder();

        // :: 1. The check tells, and changes nothing.
        Write(folder, database, "");
        var before = await DescribeAsync(database);
        var output = await CheckAsync(folder, code: 0);
        Assert.Equal(before, await DescribeAsync(database));
        Assert.StartsWith($"{folder["my.json"]} has no mistakes", output, StringComparison.Ordinal);
        Assert.Matches(@"(?m)^ +a start alters: ALTER TABLE `items` .*ENGINE=InnoDB.* \(2 rows, [0-9.]+ MiB, may take 1 s\)$", output);
        Assert.Contains("a start creates: CREATE TABLE `items__store`", output, StringComparison.Ordinal);
        Assert.Contains("make a backup before the start", output, StringComparison.Ordinal);

        // :: 2. With "migrate": false neither the check nor a start goes on.
        Write(folder, database, ", \"migrate\": false");
        Assert.Matches(
            @"my\.json:\d+:\d+ services\[0\]\.config\.migrate: opening would alter .*ENGINE=InnoDB", await CheckAsync(folder, code: 1));
        using (var refused = HostProcess.Start(folder.FullName, ["my.json"]))
        {
            Assert.Equal(1, await refused.ExitAsync());
            Assert.Matches(@"Service items does not run: my\.json:.*config\.migrate: opening would alter", refused.Output);
        }
        Assert.Equal(before, await DescribeAsync(database));

        // :: 3. A start alters, and says so before and after.
        Write(folder, database, "");
        using (var host = HostProcess.Start(folder.FullName, ["my.json"]))
        {
            await host.UriAsync();
            var lines = host.Lines.ToList();
            var altering = lines.FindIndex(line => line.Contains(" WRN ", StringComparison.Ordinal)
                && line.Contains("is altered (2 rows, ", StringComparison.Ordinal));
            Assert.InRange(altering, 0, lines.FindIndex(line => line.Contains("was altered in ", StringComparison.Ordinal)) - 1);
            await using var client = await Client.ConnectAsync(await LiveProcess.UrlAsync(host));
            Assert.Equal(2, (await client.GetAsync("/app/items/old"))["data"]!.AsArray().Count);
            Assert.Equal(0, await host.TerminateAsync());
        }

        // :: 4. Now there is nothing to alter, so that it may also be forbidden.
        Write(folder, database, ", \"migrate\": false");
        output = await CheckAsync(folder, code: 0);
        Assert.DoesNotContain("a start", output, StringComparison.Ordinal);
        using var again = HostProcess.Start(folder.FullName, ["my.json"]);
        await again.UriAsync();
        Assert.DoesNotContain("is altered", again.Output, StringComparison.Ordinal);
    }

    private static async Task<string> CheckAsync(TempFolder folder, int code)
    {
        using var check = HostProcess.Start(folder.FullName, ["my.json", "--check"]);
        Assert.Equal(code, await check.ExitAsync());
        return check.Output;
    }

    private static async Task<string> DescribeAsync(MariaDbServer database) =>
        string.Join('\n', await database.SqlAsync("SHOW TABLES; SHOW CREATE TABLE items; SELECT * FROM items", "sharedstate"));

    private static void Write(TempFolder folder, MariaDbServer database, string more) => folder.Write("my.json", """
        {"service": {"port": 0},
         "services": [
           {"name": "items", "module": "items_service",
            "config": {"db_type": "mysql", "db_name": "sharedstate", "db_port": PORT, "db_user": "myuser", "db_password": "secret"MORE}}]}
        """.Replace("PORT", database.Port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
        .Replace("MORE", more, StringComparison.Ordinal));
}
