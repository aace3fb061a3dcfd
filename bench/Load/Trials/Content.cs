using System.Text;
using SharedState.Bench.Load.Dialects;
using SharedState.Bench.Load.Wire;

namespace SharedState.Bench.Load.Trials;

/// <summary>A Shared State's collection that has its items before anything is measured.</summary>
internal sealed class Content(Stage stage, string room, int count)
{
    public const int ItemBytes = 100;

    /// <summary>The stamp of an item that was replaced; those that were not have none.</summary>
    public static readonly Stamp Changed = new(0, Update: 1);

    private const int ItemsPerUpdate = 1_000;

    private readonly Item _item = new(ItemBytes, idDigits: Math.Max(2, (int)Math.Ceiling(Math.Log10(count))));
    private readonly Link _link = stage.Connect(1)[0];

    /// <summary>Updates that were made.</summary>
    public long Revision { get; private set; }

    /// <summary>Inserts all items, a thousand with each update.</summary>
    public void Fill()
    {
        for (var first = 0; first < count; first += ItemsPerUpdate)
            Put(Enumerable.Range(first, Math.Min(ItemsPerUpdate, count - first)), default);
    }

    /// <summary>Replaces some items, here and there, by one update each.</summary>
    public void Change(int changes)
    {
        for (var index = 0; index < changes; index++) Put([(int)((long)index * count / changes)], Changed);
    }

    private void Put(IEnumerable<int> ids, Stamp stamp)
    {
        var bytes = new byte[ItemBytes];
        var items = string.Join(',', ids.Select(id => Encoding.ASCII.GetString(bytes, 0, _item.Write(bytes, id, stamp))));
        _link.Ask(
            $$$"""{"type":"REQUEST","cmd":"PUT","path":"{{{SharedDialect.Path(room)}}}","tunnel":0,"arg":{"insert":[{{{items}}}]}}""");
        stage.Loop.Until(() => _link.Answered, 60, "the reply to an update");
        Revision++;
    }
}
