using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Extensions.FileProviders;

namespace SharedState.Host;

/// <summary>The web pages and the browser client: plain files from <c>wwwroot</c> beside the program.</summary>
internal static class Pages
{
    private const string Nothing =
        "There is no such page. Programs connect by WebSocket, on any path of this address; the pages for people start at /.\n";

    // No other site may show a page in a frame, where it could steal clicks. Scripts and styles inside of pages are allowed: the demo pages
    // have them, and files are not written by clients.
    private const string ContentSecurityPolicy = "frame-ancestors 'self'; base-uri 'self'; object-src 'none'";

    public static void UsePages(this IApplicationBuilder app, string folder)
    {
        app.Use((context, next) =>
        {
            context.Response.Headers.ContentSecurityPolicy = ContentSecurityPolicy;
            context.Response.Headers.XContentTypeOptions = "nosniff";
            return next(context);
        });
        if (Directory.Exists(folder))
        {
            var files = new PhysicalFileProvider(folder);
            var types = new FileExtensionContentTypeProvider();
            types.Mappings[".map"] = "application/json";
            // The default for .ts is a video format.
            types.Mappings[".ts"] = "text/plain; charset=utf-8";
            app.UseDefaultFiles(new DefaultFilesOptions { FileProvider = files });
            app.UseStaticFiles(new StaticFileOptions { FileProvider = files, ContentTypeProvider = types, OnPrepareResponse = AddHeaders });
        }
        app.Run(context =>
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            context.Response.ContentType = "text/plain; charset=utf-8";
            return context.Response.WriteAsync(Nothing);
        });
    }

    private static void AddHeaders(StaticFileResponseContext file)
    {
        var headers = file.Context.Response.Headers;
        // A file may change with the next release: browsers ask each time, and get 304 if it did not.
        headers.CacheControl = "no-cache";
        // Pages of other origins import the client as a module, to which browsers apply the rules of CORS.
        if (file.Context.Request.Path.StartsWithSegments("/libs")) headers.AccessControlAllowOrigin = "*";
    }
}
