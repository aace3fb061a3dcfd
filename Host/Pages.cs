using System.IO.Compression;
using Microsoft.AspNetCore.ResponseCompression;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Extensions.FileProviders;

namespace SharedState.Host;

/// <summary>The web pages and the browser client over HTTP: plain files, compressed, which browsers may keep and ask about.</summary>
internal static class Pages
{
    private const string Nothing =
        "There is no such page. Programs connect by WebSocket, on any path of this address; the pages for people start at /.\n";

    private const string None = "This server has no pages. Programs connect by WebSocket, on any path of this address.\n";

    // No other site may show a page in a frame, where it could steal clicks. Scripts and styles inside of pages are allowed: the demo pages
    // have them, and files are not written by clients.
    private const string ContentSecurityPolicy = "frame-ancestors 'self'; base-uri 'self'; object-src 'none'";

    private static readonly string Build = typeof(Pages).Assembly.ManifestModule.ModuleVersionId.ToString("N")[..8];

    public static void AddPages(this IServiceCollection services)
    {
        services.AddResponseCompression(options =>
        {
            options.EnableForHttps = true; // A compressed answer tells its secrets by its size (BREACH); files have none.
            // Gzip alone: at levels that are fast enough for each request, Brotli makes scripts larger than gzip does.
            options.Providers.Add<GzipCompressionProvider>();
            options.MimeTypes = [.. ResponseCompressionDefaults.MimeTypes, "image/svg+xml"];
        });
        services.Configure<GzipCompressionProviderOptions>(options => options.Level = CompressionLevel.Optimal);
    }

    /// <summary>Serves the files of a folder, and those of the browser client under <c>/libs</c>.</summary>
    /// <param name="app">The last of its request handlers answers 404.</param>
    /// <param name="folder">The folder; null: no pages and no client.</param>
    /// <param name="client">The folder of the client, which serves what <paramref name="folder"/> does not have.</param>
    /// <param name="build">What differs between two releases; null: the identity of this program.</param>
    public static void UsePages(this IApplicationBuilder app, string? folder, string client, string? build = null)
    {
        app.Use((context, next) =>
        {
            context.Response.Headers.ContentSecurityPolicy = ContentSecurityPolicy;
            context.Response.Headers.XContentTypeOptions = "nosniff";
            return next(context);
        });
        if (folder is not null) app.UseFiles(folder, client, $"{build ?? Build}-");
        app.Run(context =>
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            context.Response.ContentType = "text/plain; charset=utf-8";
            return context.Response.WriteAsync(folder is null ? None : Nothing);
        });
    }

    /// <summary>
    /// ASP.NET makes the tag of a file (ETag) of its size and time, which two releases can have in common: images and archives are often
    /// built with fixed times. So each tag begins with the identity of the program, and a tag of another release matches nothing. A tag
    /// does not match in If-Range either, where it would join the halves of a compressed and an uncompressed file.
    /// </summary>
    private static void UseFiles(this IApplicationBuilder app, string folder, string client, string build)
    {
        app.UseResponseCompression();
        app.Use((context, next) =>
        {
            var headers = context.Request.Headers;
            // A proxy that compresses makes tags weak (W/), which ASP.NET does not compare.
            var tags = headers.IfNoneMatch.ToString().Replace("W/", "", StringComparison.Ordinal);
            headers.IfNoneMatch = tags.Replace($"\"{build}", "\"", StringComparison.Ordinal);
            return next(context);
        });
        var types = new FileExtensionContentTypeProvider();
        types.Mappings[".map"] = "application/json";
        // The default for .ts is a video format, and browsers save .md instead of showing it.
        types.Mappings[".ts"] = types.Mappings[".md"] = "text/plain; charset=utf-8";
        foreach (var (path, place) in new[] { ("", folder), ("/libs", client) }.Where(pair => Directory.Exists(pair.Item2)))
        {
            var files = new PhysicalFileProvider(place);
            app.UseDefaultFiles(new DefaultFilesOptions { RequestPath = path, FileProvider = files });
            app.UseStaticFiles(new StaticFileOptions
            {
                RequestPath = path,
                FileProvider = files,
                ContentTypeProvider = types,
                OnPrepareResponse = file => AddHeaders(file.Context, build),
            });
        }
    }

    private static void AddHeaders(HttpContext context, string build)
    {
        var headers = context.Response.Headers;
        // A page and the client that it loads must be of one release: browsers ask each time, and get 304 if nothing has changed.
        headers.CacheControl = "no-cache";
        if (headers.ETag is [{ } tag]) headers.ETag = tag.Insert(1, build); // An answer without a file, such as 416, has none.
        headers.LastModified = default;
        headers.Vary = "Accept-Encoding";
        // Pages of other origins import the client as a module, to which browsers apply the rules of CORS.
        if (context.Request.Path.StartsWithSegments("/libs")) headers.AccessControlAllowOrigin = "*";
    }
}
