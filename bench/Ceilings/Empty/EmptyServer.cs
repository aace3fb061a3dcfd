namespace SharedState.Bench.Ceilings.Empty;

/// <summary>An application as the template makes it, with one GET: the floor of a cold start.</summary>
internal static class EmptyServer
{
    public static WebApplication Build(string port)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        var app = builder.Build();
        app.MapGet("/", () => "ok");
        return app;
    }
}
