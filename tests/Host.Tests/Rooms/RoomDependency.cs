namespace SharedState.Host.Tests.Rooms;

/// <summary>A type of one room that uses a type of another room.</summary>
internal sealed record RoomDependency(string From, string To, string Type, string Used)
{
    public override string ToString() => $"{From} -> {To}: {Type} uses {Used}";
}
