namespace SharedState.Host.Storages;

/// <summary>The collection of the hosts' own records, of which clients know nothing.</summary>
internal static class OwnCollection
{
    /// <summary>Names that start with a dot are the server's own.</summary>
    public static readonly CollectionKey Key = new(".host", "leases");
}
