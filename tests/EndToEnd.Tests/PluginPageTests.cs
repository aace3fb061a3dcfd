using SharedState.Host.Tests;
using SharedState.Host.Tests.Engine;
using Xunit.Abstractions;

namespace SharedState.EndToEnd.Tests;

/// <summary>Each command of docs/PLUGINS.md, unchanged and outside of this repository.</summary>
[Collection("newcomer")]
public sealed class PluginPageTests(Newcomer newcomer, ITestOutputHelper log)
{
    [Fact]
    public async Task FromNothingToARunningPluginEachCommandWorks()
    {
        // The newcomer has run the first two blocks.
        var folder = newcomer.NewFolder();
        var outputs = new List<string>();
        var served = false;
        foreach (var block in PluginPage.Blocks.Skip(2))
        {
            // The port may be taken on this machine; nothing else is changed.
            var commands = block.Replace("\"port\": 9000", "\"port\": 0", StringComparison.Ordinal);
            var server = PluginPage.Server(commands);
            if (server is not null) commands = commands.Replace($"\n{server}\n", "\n", StringComparison.Ordinal);
            (var output, folder) = await newcomer.RunAsync(commands, folder);
            outputs.Add(output);
            log.WriteLine(output);
            if (server is null) continue;
            await ServeAsync(server, folder);
            served = true;
        }

        // The output that the page promises.
        Assert.True(served);
        Assert.Contains(outputs, output => output.Contains("Passed!  - Failed:     0, Passed:    64, Skipped:     3,", StringComparison.Ordinal));
        Assert.Contains(
            outputs,
            output =>
                output.Contains(" kept, 0 broken, ", StringComparison.Ordinal) && output.Contains("Throughput", StringComparison.Ordinal));
        Assert.Contains("ok: Acme.Items.Files 1.0.0, files, data", string.Concat(outputs), StringComparison.Ordinal);
        Assert.Contains("\"item\": {\"id\":\"a\",\"text\":\"from the page\"}", outputs[^1], StringComparison.Ordinal);
    }

    /// <summary>Starts the host as the page does, loads the pages from the host, writes an item as they do, and stops the host.</summary>
    private async Task ServeAsync(string command, string folder)
    {
        var words = command.Split(' ');
        using var host = HostProcess.Start(
            folder, words[1..], program: newcomer[$".dotnet/tools/{words[0]}"], environment: newcomer.Environment);
        var url = await host.UriAsync();
        await host.LineAsync("Service items: Acme.Items.Files 1.0.0, files, data");
        using (var browser = new HttpClient { BaseAddress = url })
        {
            Assert.Contains("A server for live JSON collections", await browser.GetStringAsync("/"), StringComparison.Ordinal);
            Assert.Contains("SharedStateClient", await browser.GetStringAsync("/libs/sharedstate.es.js"), StringComparison.Ordinal);
        }
        await using (var client = await Client.ConnectAsync(await LiveProcess.UrlAsync(host)))
        {
            var reply = await client.PutAsync("/app/items/page", """{"insert":[{"id":"a","text":"from the page"}]}""");
            Assert.True((bool)reply["ok"]!, $"{reply}");
        }
        Assert.Equal(0, await host.TerminateAsync());
    }
}
