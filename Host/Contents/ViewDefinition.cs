using SharedState.Host.Conditions;

namespace SharedState.Host.Contents;

/// <summary>What a view contains of its collection. Equal definitions are one view.</summary>
internal sealed class ViewDefinition
{
    /// <summary>The view that contains the whole collection.</summary>
    public static readonly ViewDefinition Whole = new();

    private string? _text;

    /// <summary>The items that belong to the view; null for all.</summary>
    public Condition? Filter { get; init; }

    /// <summary>The condition under which the reader may know of an item; null for all items.</summary>
    public Condition? Visible { get; init; }

    /// <summary>The order of the items; null for no order.</summary>
    public SortOrder? Order { get; init; }

    /// <summary>The maximum number of items; null for no limit.</summary>
    public int? Limit { get; init; }

    /// <summary>The place in the order after which the view starts; null for the beginning.</summary>
    public SortKey? After { get; init; }

    /// <summary>The same, as the client spelled it.</summary>
    public string? AfterText { get; init; }

    /// <summary>The fields that the view has of each item; null for all.</summary>
    public Projection? Fields { get; init; }

    /// <summary>The number of operators, fields and values of the filter.</summary>
    public int FilterSize => Filter?.Size ?? 0;

    /// <summary>What an evaluation of the filter costs at worst, in readings of the item.</summary>
    public int FilterCost => Filter?.Cost ?? 0;

    /// <summary>Whether the view contains only a range of the items in their order.</summary>
    public bool IsWindow => Limit is not null || After is not null;

    /// <summary>Whether the view contains the whole collection.</summary>
    public bool IsWhole => Filter is null && Visible is null && Order is null && Fields is null && !IsWindow;

    /// <summary>A text that equal definitions have in common.</summary>
    public string Text => _text ??=
        $"{Filter?.Text}\n{Visible?.Text}\n{Order?.Text}\n{Limit}\n{AfterText}\n{Fields?.Text}";

    /// <summary>The same view without the items that are hidden from a reader.</summary>
    /// <param name="visible">The condition of the other items.</param>
    public ViewDefinition SeenBy(Condition visible) => new()
    {
        Filter = Filter,
        Visible = visible,
        Order = Order,
        Limit = Limit,
        After = After,
        AfterText = AfterText,
        Fields = Fields,
    };

    /// <summary>The order of a window; by id without one.</summary>
    public SortOrder WindowOrder => Order ?? SortOrder.ById;
}
