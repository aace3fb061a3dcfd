using System.Net;
using System.Text.Json.Nodes;

namespace SharedState.Host.Tests.Configuration;

/// <summary>The pages that the configuration chooses, and the address that they show for a phone.</summary>
public sealed class PageFolderTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task AnOwnFolderIsServedWithTheClientAndReadForEachRequest()
    {
        _folder.Write("www/index.html", "my page");
        _folder.Write("www/.secret", "hidden");
        using var host = Start(""" "pages": "www" """);
        using var client = new HttpClient { BaseAddress = await host.UriAsync() };
        Assert.Equal("my page", await client.GetStringAsync("/"));
        Assert.Contains("SharedStateClient", await client.GetStringAsync("/libs/sharedstate.es.js"), StringComparison.Ordinal);
        foreach (var path in new[] { "/board.html", "/.secret" })
        {
            using var absent = await client.GetAsync(path);
            Assert.Equal(HttpStatusCode.NotFound, absent.StatusCode);
        }
        _folder.Write("www/index.html", "my other page");
        Assert.Equal("my other page", await client.GetStringAsync("/"));
    }

    [Fact]
    public async Task PagesCanBeTurnedOffAndOnlyAtAStart()
    {
        using (var host = Start(""" "pages": false """))
        {
            using var client = new HttpClient { BaseAddress = await host.UriAsync() };
            foreach (var path in new[] { "/", "/libs/sharedstate.es.js", "/lan" })
            {
                using var nothing = await client.GetAsync(path);
                Assert.StartsWith("This server has no pages.", await nothing.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            }
            Write(""" "pages": true """);
            Assert.Contains("service.pages", await host.LineAsync("takes effect at the next start"), StringComparison.Ordinal);
        }
        using var again = Start(""" "pages": true """);
        using var visitor = new HttpClient { BaseAddress = await again.UriAsync() };
        Assert.Contains("<html", await visitor.GetStringAsync("/"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AHostForThisComputerAloneHasNoAddressForAPhone()
    {
        using var host = Start(""" "host": "127.0.0.1" """);
        using var client = new HttpClient { BaseAddress = await host.UriAsync() };
        var answer = JsonNode.Parse(await client.GetStringAsync("/lan"))!;
        Assert.Null(answer["url"]);
        Assert.True(answer.AsObject().ContainsKey("url"));
    }

    [Fact]
    public async Task AHostForTheNetworkTellsItsAddressToThisComputerAndToNobodyElse()
    {
        using var host = Start(""" "host": "0.0.0.0" """);
        using var client = new HttpClient { BaseAddress = await host.UriAsync() };
        var url = (string?)JsonNode.Parse(await client.GetStringAsync("/lan"))!["url"];
        var route = (await Dns.GetHostAddressesAsync(Dns.GetHostName())).Where(address => !IPAddress.IsLoopback(address)).ToArray();
        if (url is null)
        {
            Assert.Empty(route); // This computer is in no network.
            return;
        }
        Assert.False(IPAddress.IsLoopback(IPAddress.Parse(new Uri(url).Host)));
        using var phone = new HttpClient { BaseAddress = new(url) };
        Assert.Contains("<html", await phone.GetStringAsync("/"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await phone.GetAsync("/lan")).StatusCode);

        // The name of another site that resolves to this computer, or that a proxy passes on.
        client.DefaultRequestHeaders.Host = "example.org";
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("/lan")).StatusCode);
    }

    private HostProcess Start(string field)
    {
        Write(field);
        return HostProcess.Start(_folder.FullName, ["my.json"]);
    }

    private void Write(string field) => _folder.Write("my.json", $$$"""
        {"service": {"port": 0, {{{field}}}}, "services": [
          {"name": "items", "module": "items_service", "config": {"db_type": "sqlite", "db_name": ":memory:"}}]}
        """);
}
