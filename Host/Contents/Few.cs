namespace SharedState.Host.Contents;

/// <summary>
/// A list that mostly has one element, which stands in the struct itself: of ten thousand views, a change touches one that is in no cache
/// of the processor, and each object on the way to it costs an access to memory.
/// </summary>
internal struct Few<T>
    where T : class
{
    private T? _first;
    private List<T>? _rest;

    public readonly int Count => _first is null ? 0 : 1 + (_rest?.Count ?? 0);

    public readonly T this[int index] => index == 0 && _first is { } first ? first : _rest![index - 1];

    public void Add(T element)
    {
        if (_first is null) _first = element;
        else (_rest ??= []).Add(element);
    }

    /// <summary>Removes an element; false if there is none. The order of the others may change.</summary>
    public bool Remove(T element)
    {
        if (_first != element) return _rest?.Remove(element) == true;
        _first = _rest is { Count: > 0 } ? _rest[^1] : null;
        if (_first is not null) _rest!.RemoveAt(_rest.Count - 1);
        return true;
    }

    public void Clear() => (_first, _rest) = (null, null);
}
