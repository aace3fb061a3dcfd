namespace SharedState.Host.Contents;

/// <summary>A view of what a filter selects.</summary>
internal interface IFilteredView
{
    ViewDefinition Definition { get; }

    /// <summary>The current update concerns the filter: the view notes what of it its followers must be told.</summary>
    void Note();
}
