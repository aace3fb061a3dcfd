namespace SharedState.EndToEnd.Tests.Hosts;

/// <summary>A storage whose past can come back: its server has a replica that takes over, and copies that are restored.</summary>
internal interface IReplicatedStorage : ISharedStorage
{
    /// <summary>The replica hears nothing more: what is stored from now on is lost in a failover.</summary>
    Task FallBehindAsync();

    /// <summary>kill -9 of the server. The replica takes its place, and gets a new replica.</summary>
    Task FailOverAsync();

    /// <summary>Makes a copy of the server's files.</summary>
    Task CopyAsync();

    /// <summary>Puts the copy in the place of the server's files, while the hosts run.</summary>
    Task RestoreAsync();
}
