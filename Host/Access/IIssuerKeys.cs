namespace SharedState.Host.Access;

/// <summary>The keys of an issuer: those of the configuration, or those of a document that the issuer publishes.</summary>
internal interface IIssuerKeys
{
    /// <summary>The keys that may have signed a token.</summary>
    /// <param name="name">The token's <c>kid</c>; null if the token names no key.</param>
    /// <param name="stop">Ends the wait for the issuer.</param>
    ValueTask<IReadOnlyList<IssuerKey>> FindAsync(string? name, CancellationToken stop);

    /// <summary>Whether a token that was signed by a key of this source is still valid. A key that its issuer replaced is good until its
    /// tokens expire; a key that the operator removed is not.</summary>
    bool Has(string source);
}

/// <summary>Keys of the configuration.</summary>
internal sealed class ConfiguredKeys(IReadOnlyList<IssuerKey> keys) : IIssuerKeys
{
    public ValueTask<IReadOnlyList<IssuerKey>> FindAsync(string? name, CancellationToken stop) => new(Matching(keys, name));

    public bool Has(string source) => keys.Any(key => key.Source == source);

    /// <summary>The keys that a token can mean: those that it names; where there are none of that name, those without a name.</summary>
    public static IReadOnlyList<IssuerKey> Matching(IReadOnlyList<IssuerKey> keys, string? name)
    {
        if (name is null) return keys;
        IssuerKey[] named = [.. keys.Where(key => key.Name == name)];
        return named.Length > 0 ? named : [.. keys.Where(key => key.Name is null)];
    }
}
