using System.Text.Json;
using Microsoft.AspNetCore.SignalR;

namespace SharedState.Bench.Ceilings.Hubs;

/// <summary>Relays what one client publishes to all that follow the room.</summary>
internal sealed class RoomHub : Hub
{
    public Task Follow(string room) => Groups.AddToGroupAsync(Context.ConnectionId, room);

    public Task Publish(string room, JsonElement message) => Clients.Group(room).SendAsync("n", message);
}
