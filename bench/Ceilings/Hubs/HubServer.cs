namespace SharedState.Bench.Ceilings.Hubs;

/// <summary>SignalR with its JSON protocol, one group a room: what others would take first.</summary>
internal static class HubServer
{
    public static WebApplication Build(WebApplicationBuilder builder)
    {
        builder.Services.AddRoutingCore();
        builder.Services.AddSignalR(options => options.MaximumReceiveMessageSize = null);
        var app = builder.Build();
        app.MapHub<RoomHub>("");
        return app;
    }
}
