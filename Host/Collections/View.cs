using SharedState.Host.Contents;

namespace SharedState.Host.Collections;

/// <summary>What some followers of a collection get of it: all items, those of a filter, or a window. Equal views are one.</summary>
/// <param name="definition">What the view contains.</param>
/// <param name="filter">Selects the items; null for the whole collection.</param>
/// <param name="bodies">Its texts.</param>
/// <param name="audience">Its subscriptions.</param>
internal sealed class View(ViewDefinition definition, Filter? filter, Bodies bodies, Audience audience) : IFilteredView
{
    public ViewDefinition Definition => definition;

    public Filter? Filter => filter;

    public Bodies Bodies => bodies;

    public Audience Audience => audience;

    /// <summary>The views of the collection; null for the whole collection.</summary>
    public Views? Owner { get; init; }

    // Owned by Views.

    /// <summary>Whether the total has changed since the followers were told it.</summary>
    public bool TotalChanged { get; set; }

    /// <summary>The earliest time at which a change of the total alone is told, by the monotonic clock.</summary>
    public long TotalDueAt { get; set; }

    /// <summary>Tells a change of the total when it is due.</summary>
    public ITimer? TotalTimer { get; set; }

    /// <summary>The number of removals in the collection when the followers were told a position.</summary>
    public long ToldRemovals { get; set; }

    /// <summary>The number of removals in the collection when that was last looked at.</summary>
    public long LookedAtRemovals { get; set; }

    /// <summary>Its place among the views of the collection, in the order in which that was looked at.</summary>
    public LinkedListNode<View>? Place { get; set; }

    /// <summary>Its place among the views without followers; null while it has some.</summary>
    public LinkedListNode<View>? UnusedPlace { get; set; }

    /// <summary>The time of its last use without followers, by the monotonic clock.</summary>
    public long UnusedAt { get; set; }

    public void Note() => Owner?.Note(this);
}
