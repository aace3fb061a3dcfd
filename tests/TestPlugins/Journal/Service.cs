using System.Runtime.InteropServices;
using System.Text.Json;
using SharedState;
using SharedState.Items.Tests;

namespace TestPlugins;

/// <summary>
/// Keeps all in memory, and each batch as a line of a file from which it begins again. The key <c>flaw</c> says what it gets wrong:
/// <c>unsynced</c> leaves lines to the operating system, <c>conflicts</c> replays conflicts as well, <c>opening</c> throws,
/// and <c>native</c> needs a library that is not there.
/// </summary>
public sealed class Service : IItemService
{
    private readonly MemoryItemService _memory = new();
    private FileStream? _file;
    private string _flaw = "";

    public async ValueTask OpenAsync(ItemServiceContext context, CancellationToken stop)
    {
        _flaw = context.GetString("flaw", "");
        if (_flaw == "opening") Misconfigured(null);
        if (_flaw == "native") _ = Version();
        var path = context.GetPath("db_name")!;
        await _memory.OpenAsync(context, stop);
        foreach (var line in File.Exists(path) ? await File.ReadAllLinesAsync(path, stop) : [])
            await _memory.CommitAsync([.. JsonSerializer.Deserialize<Line[]>(line)!.Select(entry => entry.Update)], stop);
        _file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read);
    }

    public ValueTask<StoredCollection> LoadAsync(CollectionKey key, CancellationToken stop) => _memory.LoadAsync(key, stop);

    public async ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ItemUpdate> batch, CancellationToken stop)
    {
        var results = await _memory.CommitAsync(batch, stop);
        var stored = batch.Zip(results).Where(pair => _flaw == "conflicts" || pair.Second.Status == CommitStatus.Committed);
        JsonSerializer.Serialize(_file!, stored.Select(pair => Line.Of(pair.First)));
        _file!.WriteByte((byte)'\n');
        _file.Flush(flushToDisk: _flaw != "unsynced");
        return results;
    }

    public IAsyncEnumerable<CollectionKey> ListAsync(string? app, CancellationToken stop) => _memory.ListAsync(app, stop);

    public async ValueTask DisposeAsync()
    {
        if (_file is not null) await _file.DisposeAsync();
        await _memory.DisposeAsync();
    }

    private static void Misconfigured(string? value) => _ = value!.Length;

    [DllImport("journal_engine", EntryPoint = "version")]
    private static extern int Version();

    internal sealed record Line(string App, string Collection, bool Reset, string[] Remove, Dictionary<string, byte[]> Insert)
    {
        public ItemUpdate Update => new()
        {
            Key = new(App, Collection),
            Reset = Reset,
            Remove = Remove,
            Insert = [.. Insert.Select(item => new Item(item.Key, item.Value))],
        };

        public static Line Of(ItemUpdate update) => new(
            update.Key.App, update.Key.Collection, update.Reset, [.. update.Remove],
            update.Insert.ToDictionary(item => item.Id, item => item.Json.ToArray()));
    }
}
