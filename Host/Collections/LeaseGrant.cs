namespace SharedState.Host.Collections;

/// <summary>The lifetime of an update on its way: the records are stored before the update is.</summary>
/// <param name="token">Marks the items of the update.</param>
internal sealed class LeaseGrant(ulong token)
{
    public ulong Token => token;

    /// <summary>Whether the records are stored, so that the update may be.</summary>
    public bool Stored { get; set; }

    /// <summary>The reason why the records could not be stored, or null.</summary>
    public Error? Refusal { get; set; }

    /// <summary>The tokens that edited items had, whose leases were renewed. Such an item need not be written again.</summary>
    public HashSet<(string Item, ulong Token)> Renewed { get; } = [];

    /// <summary>Whether an item with a token has the new lifetime already.</summary>
    public bool Covers(string item, ulong? held) => held == token || (held is { } other && Renewed.Contains((item, other)));
}
