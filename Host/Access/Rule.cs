namespace SharedState.Host.Access;

/// <summary>A rule of the configuration: what some clients may do at some paths.</summary>
/// <param name="Number">Its place in <c>access.rules</c>, from 0.</param>
/// <param name="Path">The paths.</param>
/// <param name="Who">The clients that the rule is for.</param>
internal sealed record Rule(int Number, PathPattern Path, Who Who)
{
    /// <summary>The items that may be read; null for none.</summary>
    public ItemTest? Read { get; init; }

    /// <summary>The items that may be inserted; null for none.</summary>
    public ItemTest? Insert { get; init; }

    /// <summary>The items that may be updated, before and after; null for none.</summary>
    public ItemTest? Update { get; init; }

    /// <summary>The items that may be removed; null for none.</summary>
    public ItemTest? Remove { get; init; }

    /// <summary>Whether all items may be replaced.</summary>
    public bool Reset { get; init; }

    /// <summary>Whether services and collections may be listed.</summary>
    public bool List { get; init; }

    /// <summary>The fields that are overwritten in written items; null for none.</summary>
    public FieldValues? Set { get; init; }

    /// <summary>The names in the conditions and the values: those of the path, claims, <c>sub</c> and <c>now</c>.</summary>
    public IEnumerable<string> Names =>
        new[] { Who.Claims, Read?.Template, Insert?.Template, Update?.Template, Remove?.Template }
            .SelectMany(template => template?.Names ?? []).Concat(Set?.Names ?? []).Distinct();

    /// <summary>Whether the rule allows some write.</summary>
    public bool Writes => Insert is not null || Update is not null || Remove is not null || Reset;

    /// <summary>Whether something in the rule's tests of writes depends on the time.</summary>
    public bool IsTimed => Insert?.IsTimed == true || Update?.IsTimed == true || Remove?.IsTimed == true || Set?.IsTimed == true;
}
