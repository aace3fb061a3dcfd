namespace SharedState.Host.Contents;

/// <summary>
/// The places at which the text of a snapshot or a difference may be cut: the starts of some ids and items. The writer of the text notes
/// the places, so that no reader has to search for them.
/// </summary>
internal sealed class Cuts
{
    // The distance of two places; a part rarely exceeds the requested size by more than one item.
    private const int Distance = 2 << 10;

    private readonly List<int> _places = [];
    private int _last;

    /// <summary>Where the list of removed ids ends, before its bracket; 0 for a snapshot, which has no such list.</summary>
    public int RemovedEnd { get; private set; }

    /// <summary>Where the first item starts, after the bracket of the list.</summary>
    public int ItemsStart { get; private set; } = 1;

    /// <summary>An element, not the first of its list, is about to be written at a place.</summary>
    public void Note(int place)
    {
        if (place - _last < Distance) return;
        _places.Add(place);
        _last = place;
    }

    /// <summary>The removed ids end at one place, and the items start at another.</summary>
    public void NoteItems(int removedEnd, int itemsStart) => (RemovedEnd, ItemsStart, _last) = (removedEnd, itemsStart, itemsStart);

    /// <summary>The slices of a text. A slice exceeds the requested size by at most an element and the distance of two places.</summary>
    /// <param name="length">The bytes of the text.</param>
    /// <param name="most">The bytes of a slice.</param>
    public List<(int Start, int End)> Slices(int length, int most)
    {
        var slices = new List<(int Start, int End)>();
        if (RemovedEnd > 1) Slice(1, RemovedEnd);
        Slice(ItemsStart, length - 1);
        return slices;

        void Slice(int start, int end)
        {
            var cut = start;
            foreach (var place in _places)
            {
                if (place <= start || place >= end) continue;
                if (place - start > most && cut > start)
                {
                    slices.Add((start, cut - 1)); // without the comma
                    start = cut;
                }
                cut = place;
            }
            if (end - start > most && cut > start)
            {
                slices.Add((start, cut - 1));
                start = cut;
            }
            if (end > start) slices.Add((start, end));
        }
    }
}
