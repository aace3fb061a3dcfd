namespace SharedState.EndToEnd.Tests.Hosts;

/// <summary>A database's server that several hosts share.</summary>
internal interface ISharedStorage : IAsyncDisposable
{
    /// <summary>The service's <c>config</c>, a JSON object.</summary>
    string Config { get; }

    /// <summary>Where its plugin is, if it does not come with the host.</summary>
    string[] PluginFolders => [];

    /// <summary>kill -9.</summary>
    Task KillAsync();

    /// <summary>Starts it where it was killed, and returns when it serves.</summary>
    Task StartAgainAsync();

    /// <summary>What it holds of a collection of the app <c>app</c>, by the items' ids, past any host.</summary>
    Task<SortedDictionary<string, string>> ReadAsync(string collection);
}
