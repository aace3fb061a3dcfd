namespace SharedState.EndToEnd.Tests.Hosts;

/// <summary>Where a collection, or a copy of it, stands.</summary>
internal readonly record struct Position(string Epoch, long Revision);
