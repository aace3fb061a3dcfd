using System.IO.Compression;
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
    private static readonly string Script = string.Concat(Enumerable.Range(0, 500).Select(n => $"export const n{n} = {n};\n"));

    private readonly TempFolder _folder = new();

    public PagesTests()
    {
        foreach (var name in new[] { "pages/index.html", "libs/sharedstate.js", "libs/sharedstate.js.map", "libs/sharedstate.d.ts", "pages/docs.md" })
            _folder.Write(name, Script);
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("/", "text/html", null)]
    [InlineData("/docs.md", "text/plain", null)]
    [InlineData("/libs/sharedstate.js", "text/javascript", "*")]
    [InlineData("/libs/sharedstate.js.map", "application/json", "*")]
    [InlineData("/libs/sharedstate.d.ts", "text/plain", "*")]
    public async Task AFileHasItsTypeAndOnlyTheClientIsForOtherOrigins(string path, string type, string? origins)
    {
        await using var app = await ServeAsync(_folder["pages"]);
        using var client = Client(app);

        using var file = await client.GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, file.StatusCode);
        Assert.Equal(type, file.Content.Headers.ContentType!.MediaType);
        AssertIsSafe(file);
        Assert.Equal("no-cache", file.Headers.CacheControl!.ToString());
        Assert.Equal(origins, file.Headers.TryGetValues("Access-Control-Allow-Origin", out var values) ? values.Single() : null);

        client.DefaultRequestHeaders.IfNoneMatch.Add(file.Headers.ETag!);
        using var again = await client.GetAsync(path);
        Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
        Assert.Equal(file.Headers.ETag, again.Headers.ETag);
        AssertIsSafe(again);

        using var outside = await client.GetAsync("/..%2f..%2fetc/passwd");
        Assert.Equal(HttpStatusCode.NotFound, outside.StatusCode);
        AssertIsSafe(outside);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/libs/sharedstate.js")]
    public async Task AFileIsSentCompressedToBrowsersThatTakeIt(string path)
    {
        await using var app = await ServeAsync(_folder["pages"]);
        using var client = Client(app);
        client.DefaultRequestHeaders.AcceptEncoding.ParseAdd("gzip, deflate, br, zstd");

        using var file = await client.GetAsync(path);
        Assert.Equal(["gzip"], file.Content.Headers.ContentEncoding);
        Assert.Equal(["Accept-Encoding"], file.Headers.Vary);
        AssertIsSafe(file);
        var bytes = await file.Content.ReadAsByteArrayAsync();
        Assert.True(bytes.Length < Script.Length / 3, $"{bytes.Length} bytes of {Script.Length}");
        await using var stream = new MemoryStream(bytes);
        await using var plain = new GZipStream(stream, CompressionMode.Decompress);
        using var reader = new StreamReader(plain);
        Assert.Equal(Script, await reader.ReadToEndAsync());

        client.DefaultRequestHeaders.IfNoneMatch.Add(file.Headers.ETag!);
        using var again = await client.GetAsync(path);
        Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
        Assert.Equal(["Accept-Encoding"], again.Headers.Vary);
    }

    [Fact]
    public async Task AProxyMayWeakenATagAndARangeBeyondTheEndIsRefused()
    {
        await using var app = await ServeAsync(_folder["pages"]);
        using var client = Client(app);
        using var file = await client.GetAsync("/");

        using var conditional = new HttpRequestMessage(HttpMethod.Get, "/");
        conditional.Headers.IfNoneMatch.Add(new(file.Headers.ETag!.Tag, isWeak: true));
        using var unchanged = await client.SendAsync(conditional);
        Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);

        using var beyond = new HttpRequestMessage(HttpMethod.Get, "/");
        beyond.Headers.Range = new(1_000_000, null);
        using var refused = await client.SendAsync(beyond);
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, refused.StatusCode);
    }

    [Fact]
    public async Task AfterAnUpgradeNoFileIsTakenForTheOldOneEvenIfItsSizeAndTimeAreTheSame()
    {
        HttpResponseMessage old;
        await using (var app = await ServeAsync(_folder["pages"], "1"))
        {
            using var before = Client(app);
            old = await before.GetAsync("/");
        }
        var time = File.GetLastWriteTimeUtc(_folder["pages/index.html"]);
        _folder.Write("pages/index.html", Script.Replace("n0 = 0", "n0 = 9", StringComparison.Ordinal));
        File.SetLastWriteTimeUtc(_folder["pages/index.html"], time);

        await using var upgraded = await ServeAsync(_folder["pages"], "2");
        using var client = Client(upgraded);
        client.DefaultRequestHeaders.IfNoneMatch.Add(old.Headers.ETag!);
        if (old.Content.Headers.LastModified is { } modified) client.DefaultRequestHeaders.IfModifiedSince = modified;
        using var page = await client.GetAsync("/");
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.Contains("n0 = 9", await page.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        old.Dispose();
    }

    [Fact]
    public async Task AnOwnFileGoesBeforeTheClientOfThatName()
    {
        _folder.Write("pages/libs/sharedstate.js", "mine");
        await using var app = await ServeAsync(_folder["pages"]);
        using var client = Client(app);
        Assert.Equal("mine", await client.GetStringAsync("/libs/sharedstate.js"));
        Assert.Equal(Script, await client.GetStringAsync("/libs/sharedstate.d.ts"));
    }

    [Fact]
    public async Task WithoutPagesEachPathSaysSo()
    {
        await using var app = await ServeAsync(null);
        using var client = Client(app);
        foreach (var path in new[] { "/", "/libs/sharedstate.js" })
        {
            using var nothing = await client.GetAsync(path);
            Assert.Equal(HttpStatusCode.NotFound, nothing.StatusCode);
            Assert.StartsWith("This server has no pages.", await nothing.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            AssertIsSafe(nothing);
        }
    }

    private static void AssertIsSafe(HttpResponseMessage response)
    {
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal(
            "frame-ancestors 'self'; base-uri 'self'; object-src 'none'", response.Headers.GetValues("Content-Security-Policy").Single());
    }

    private async Task<WebApplication> ServeAsync(string? pages, string? build = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddPages();
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.UsePages(pages, _folder["libs"], build);
        await app.StartAsync();
        return app;
    }

    private static HttpClient Client(WebApplication app) =>
        new() { BaseAddress = new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()) };
}
