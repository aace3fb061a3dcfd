using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;

namespace SharedState.Host.Tests.Configuration;

/// <summary>The pages and the browser client, over HTTP.</summary>
public sealed class PagesTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("/", "text/html", null)]
    [InlineData("/libs/sharedstate.js", "text/javascript", "*")]
    [InlineData("/libs/sharedstate.js.map", "application/json", "*")]
    [InlineData("/libs/sharedstate.d.ts", "text/plain", "*")]
    public async Task AFileHasItsTypeAndOnlyTheClientIsForOtherOrigins(string path, string type, string? origins)
    {
        foreach (var name in new[] { "index.html", "libs/sharedstate.js", "libs/sharedstate.js.map", "libs/sharedstate.d.ts" })
            _folder.Write(name, "x");
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        await using var app = builder.Build();
        app.UsePages(_folder.FullName);
        await app.StartAsync();
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        using var client = new HttpClient { BaseAddress = new(address) };

        using var file = await client.GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, file.StatusCode);
        Assert.Equal(type, file.Content.Headers.ContentType!.MediaType);
        Assert.Equal("nosniff", file.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal(
            "frame-ancestors 'self'; base-uri 'self'; object-src 'none'", file.Headers.GetValues("Content-Security-Policy").Single());
        Assert.Equal("no-cache", file.Headers.CacheControl!.ToString());
        Assert.Equal(origins, file.Headers.TryGetValues("Access-Control-Allow-Origin", out var values) ? values.Single() : null);

        client.DefaultRequestHeaders.IfNoneMatch.Add(file.Headers.ETag!);
        using var again = await client.GetAsync(path);
        Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);

        using var outside = await client.GetAsync("/..%2f..%2fetc/passwd");
        Assert.Equal(HttpStatusCode.NotFound, outside.StatusCode);
        Assert.Equal("nosniff", outside.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Contains("frame-ancestors 'self'", outside.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
    }
}
