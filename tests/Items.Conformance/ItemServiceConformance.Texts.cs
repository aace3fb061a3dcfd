using System.Text;
using Xunit;

namespace SharedState.Items.Conformance;

/// <content>Ids, names and items are kept as they are, however unusual or large.</content>
public abstract partial class ItemServiceConformance
{
    /// <summary>Ids that look alike to storages that fold, trim, normalize or end a text early. Each is an id of its own.</summary>
    private static readonly string[] _alike =
    [
        "a", "A", "a ", " a", "a  ", "a\t", "a\n", "a\r\n", "a\0", "a\0b", "a\0c", "\0", "\0\0", " ", "\n",
        "ä", "a\u0308", "Ä", "á", "ａ", "ß", "ss", "ı", "i", "İ", "ﬁ", "fi", "\u00ad", "\u200b", "\ufeff", "\ufeffa",
        "😀", "😁", "\U0010FFFF", "\uFFFF", "1", "01", "1.0", "1e0", "-0", "0", "null", "%", "_", "*", "?", "a'b", "a\"b", "a\\b", "$1", "{}", "[a]",
    ];

    [Fact]
    [Promise(
        Fix = "Compare ids by code point, never by culture, case, width or trailing blanks: a binary collation, StringComparer.Ordinal, "
            + "the UTF-8 bytes."
    )]
    public async Task IdsThatLookAlikeAreDifferent()
    {
        var service = await OpenAsync();
        await CommitAsync(service, Insert(_alike));
        Assert.Equal(_alike.Order(StringComparer.Ordinal), Ids(await LoadAsync(service)));

        foreach (var id in _alike) await CommitAsync(service, Insert(NewItem(id, 1)));
        var items = (await LoadAsync(service)).Items;
        Assert.Equal(_alike.Length, items.Count);
        Assert.All(items, item => Assert.Equal(Text(NewItem(item.Id, 1).Json), Text(item.Json)));

        for (var i = 0; i < _alike.Length; i++)
        {
            await CommitAsync(service, Remove(_alike[i]));
            var collection = await LoadAsync(service);
            Assert.Equal(_alike[(i + 1)..].Order(StringComparer.Ordinal), Ids(collection));
            if (RemembersRemovals) Assert.Contains(_alike[i], collection.Tombstones.Select(removal => removal.Id));
        }
    }

    [Fact]
    [Promise(Fix = "Compare apps and collections by code point, and escape or hash them where they become names of files, tables or keys.")]
    public async Task NamesThatLookAlikeAreDifferent()
    {
        string[] names = [.. _alike.Where(name => !name.Any(char.IsControl)), "a/b", "a.b", "a:b"];
        var service = await OpenAsync();
        foreach (var name in names)
        {
            await CommitAsync(service, new CollectionKey(name, "x"), Insert($"of app {name}"));
            await CommitAsync(service, new CollectionKey("x", name), Insert($"of collection {name}"));
        }
        foreach (var name in names)
        {
            Assert.Equal([$"of app {name}"], Ids(await LoadAsync(service, new CollectionKey(name, "x"))));
            Assert.Equal([$"of collection {name}"], Ids(await LoadAsync(service, new CollectionKey("x", name))));
        }
        Assert.Equal(2 * names.Length, (await ListAsync(service)).Distinct().Count());
    }

    [Fact]
    [Promise(Fix = "Make room for ids of 1,024 bytes and names of 512, in UTF-8; where an index is shorter, index a hash.")]
    public async Task IdsOf1024BytesAndNamesOf512AreKept()
    {
        string[] ids =
        [
            new('x', 1024), new string('x', 1023) + "y", new('ä', 512), string.Concat(Enumerable.Repeat("😀", 256)),
            new(' ', 1024), new('\0', 1024), "\0" + new string('x', 1023),
        ];
        var key = new CollectionKey(new string('n', 512), new string('ö', 256));
        var service = await OpenAsync();
        await CommitAsync(service, key, Insert(ids));
        await CommitAsync(service, new CollectionKey(key.App, key.Collection[1..]), Insert("another"));

        Assert.Equal(ids.Order(StringComparer.Ordinal), Ids(await LoadAsync(service, key)));
        Assert.Contains(key, await ListAsync(service, key.App));
    }

    [Fact]
    [Promise(Fix = "Store an item's bytes, not what a JSON parser made of them: no reformatting, no JSON column type.")]
    public async Task AnItemComesBackByteForByte()
    {
        string[] texts =
        [
            """{"id":"a"}""",
            """ { "id" : "a" , "n" : 1.0e+10, "m": -0.0, "big": 123456789012345678901234567890.10 } """,
            """{"z":1,"id":"a","a":{"id":"b","data":null},"z":2}""",
            "{\"id\":\"\\u0061\",\"t\":\"\\u00e4\\/\\ud83d\\ude00\\u0000\"}",
            "{\"id\":\"a\",\"t\":\"ä😀\u2028\uFFFF\u007f\"}\n",
            """{"id":"a","data":{"id":"a"}}""",
            $$"""{"id":"a","deep":{{new string('[', 250)}}{{new string(']', 250)}}}""",
        ];
        var service = await OpenAsync();
        foreach (var text in texts)
        {
            await CommitAsync(service, Insert(new Item("a", Encoding.UTF8.GetBytes(text))));
            Assert.Equal(text, Text(Assert.Single((await LoadAsync(service)).Items).Json));
        }
        if (!IsDurable) return;
        service = await ReopenAsync(service);
        Assert.Equal(texts[^1], Text(Assert.Single((await LoadAsync(service)).Items).Json));
    }

    [Fact]
    [Promise(
        Fix = "Keep the white space behind an item: the host marks lifetimes in it. No trimming, no JSON column type; store bytes or text.")]
    public async Task TheWhiteSpaceBehindAnItemComesBack()
    {
        string[] blanks = [" ", "\n", "\r\n", "\t \r\n \t", string.Concat(Enumerable.Repeat(" \t\n\r", 8)), new(' ', 32)];
        var service = await OpenAsync();
        for (var i = 0; i < blanks.Length; i++)
            await CommitAsync(service, Insert(new Item($"{i}", Encoding.UTF8.GetBytes($$"""{"id":"{{i}}"}""" + blanks[i]))));
        await AssertAsync();
        if (!IsDurable) return;
        service = await ReopenAsync(service);
        await AssertAsync();

        async Task AssertAsync() => Assert.Equal(
            blanks.Select((blank, i) => $$"""{"id":"{{i}}"}""" + blank),
            (await LoadAsync(service)).Items.OrderBy(item => item.Id, StringComparer.Ordinal).Select(item => Text(item.Json)));
    }

    /// <summary>All of it is valid JSON with one id, and so it must neither change nor keep the items beside it from being read.</summary>
    [Theory]
    [InlineData("a", """{"id":"a","\ud800":1}""")]
    [InlineData("a", """{"\udc00\ud800":{"\uDBFF":[]},"id":"a"}""")]
    [InlineData("a", """{"id":"a","t":"\ud800","u":"x\udfff\ud83d","v":["\ude00"]}""")]
    [InlineData("a", """{"\u0069d":"a","id\u0000":"b","ID":"c","\u0049d":"d"}""")]
    [InlineData("a", """{"i\u0064":"\u0061"}""")]
    [InlineData("a", """{"\u0069\u0064":"\u0061","data":{"id":"b"}}""")]
    [InlineData("\"\\/\b\f\n\r\t\0ä😀", """{"id":"\"\\\/\b\f\n\r\t\u0000\u00E4\ud83d\uDE00"}""")]
    [InlineData("a", """{"x":1,"x":2,"id":"a","x":{"x":1,"x":2},"x":null}""")]
    [InlineData("a", """{"n":[1e999,-1e-999,-0,-0.0,0e0,1E+2,99999999999999999999999999999999999999999999999999.000],"id":"a"}""")]
    [InlineData("a", "\t{\r\n \"id\"\t:\n\"a\" ,\r \"x\" : [ ] , \"y\" : { } }\n ")]
    [InlineData("a", """{"id":"a","":{},"e":{},"data":{},"f":{"":{"":""}}}""")]
    [Promise(Fix = "Store an item's bytes and its Id as given; neither needs its JSON to be read.")]
    public async Task AnUnusualItemComesBackByteForByte(string id, string json)
    {
        var service = await OpenAsync();
        await CommitAsync(service, Insert(new Item(id, Encoding.UTF8.GetBytes(json)), NewItem("another")));
        for (var opened = 0; opened < (IsDurable ? 2 : 1); opened++)
        {
            if (opened > 0) service = await ReopenAsync(service);
            var collection = await LoadAsync(service);
            Assert.Equal(new[] { id, "another" }.Order(StringComparer.Ordinal), Ids(collection));
            Assert.Equal(json, Text(collection.Items.Single(item => item.Id == id).Json));
        }
    }

    [Theory]
    [InlineData("[", "]")]
    [InlineData("{\"a\":", "}")]
    [Promise(Fix = "Store an item's bytes; where something must parse them, raise its depth limit beyond 256.")]
    public async Task AnItemMayBeNested256LevelsDeep(string open, string close)
    {
        string Repeated(string text) => string.Concat(Enumerable.Repeat(text, 255));
        var json = $$"""{"id":"a","deep":{{Repeated(open)}}0{{Repeated(close)}}}""";
        var service = await OpenAsync();
        await CommitAsync(service, Insert(new Item("a", Encoding.UTF8.GetBytes(json))));
        if (IsDurable) service = await ReopenAsync(service);
        Assert.Equal(json, Text(Assert.Single((await LoadAsync(service)).Items).Json));
    }

    /// <summary>SHAREDSTATE_SEED repeats a run; a failure names its seed.</summary>
    [Fact]
    [Promise(Fix = "The message names a seed: SHAREDSTATE_SEED repeats the run under dotnet test. Store an item's bytes as they are.")]
    public async Task RandomUnusualItemsComeBackByteForByte()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("SHAREDSTATE_SEED"), out var given) ? given : Random.Shared.Next();
        try
        {
            await RunAsync(new UnusualItems(new Random(seed)));
        }
        catch (Exception e)
        {
            throw new Xunit.Sdk.XunitException($"With the seed {seed}: {e.Message}", e);
        }

        async Task RunAsync(UnusualItems unusual)
        {
            var expected = new SortedDictionary<string, string>(StringComparer.Ordinal);
            var service = await OpenAsync();
            for (var round = 0; round < 20; round++)
            {
                Item[] items = [.. Enumerable.Range(0, 50).Select(_ => unusual.Next()).DistinctBy(item => item.Id).Select(item =>
                    new Item(item.Id, Encoding.UTF8.GetBytes(item.Json)))];
                foreach (var item in items) expected[item.Id] = Text(item.Json);
                await CommitAsync(service, Insert(items));
                string[] gone = [.. expected.Keys.Where((_, place) => place % 7 == round % 7)];
                foreach (var id in gone) expected.Remove(id);
                await CommitAsync(service, Remove(gone));
                if (IsDurable && round % 5 == 4) service = await ReopenAsync(service);

                var stored = (await LoadAsync(service)).Items.OrderBy(item => item.Id, StringComparer.Ordinal);
                Assert.Equal(expected, stored.Select(item => KeyValuePair.Create(item.Id, Text(item.Json))));
            }
        }
    }

    [Fact]
    [Promise(Fix = "Take Json.Span, with its offset and length, not the array below it.")]
    public async Task AnItemMayBeASliceOfSomethingLarger()
    {
        var message = Encoding.UTF8.GetBytes("""[{"id":"a"},{"id":"b"}]""");
        var service = await OpenAsync();
        await CommitAsync(service, Insert(new Item("a", message.AsMemory(1, 10)), new Item("b", message.AsMemory(12, 10))));
        Assert.Equal(["""{"id":"a"}""", """{"id":"b"}"""], (await LoadAsync(service)).Items.Select(item => Text(item.Json)).Order());
    }

    [Fact]
    [Promise(Fix = "Choose a column or value type that holds a mebibyte and more, and raise the packet size of the connection.")]
    public async Task AnItemMayHaveAMebibyte()
    {
        var json = Encoding.UTF8.GetBytes($$"""{"id":"a","t":"{{new string('x', (1 << 20) - 17)}}"}""");
        Assert.Equal(1 << 20, json.Length);
        var service = await OpenAsync();
        await CommitAsync(service, Insert(new Item("a", json), NewItem("b")));
        Assert.Equal(json, (await LoadAsync(service)).Items.Single(item => item.Id == "a").Json.ToArray());
    }

    [Fact]
    [Promise(Fix = "Split large updates into several statements of one transaction; and when removals are forgotten, raise HistoryStart.")]
    public async Task OneUpdateMayInsertAndRemove20000Items()
    {
        string[] ids = [.. Enumerable.Range(0, 20_000).Select(n => $"item {n}")];
        var service = await OpenAsync();
        await CommitAsync(service, Insert(ids));
        Assert.Equal(ids.Length, (await LoadAsync(service)).Items.Count);
        Assert.Equal(2, (await CommitAsync(service, Remove(ids[1..]))).Position.Revision);

        var collection = await LoadAsync(service);
        Assert.Equal([ids[0]], Ids(collection));
        Assert.True(
            collection.HistoryStart == 2 || collection.Tombstones.Count == ids.Length - 1,
            "Removals are forgotten without the history's start telling.");
    }

    [Fact]
    [Promise(Fix = "Split large batches into several statements of one transaction.")]
    public async Task OneBatchMayHold20000Updates()
    {
        var updates = Enumerable
            .Range(0, 10_000)
            .SelectMany(n => new[] { Insert(NewItem($"item {n}", n)), Remove($"item {n - 1}") })
            .ToArray();
        var service = await OpenAsync();
        var results = await service.CommitAsync(updates, CancellationToken.None);
        Assert.Equal(19_999, results[^1].Position.Revision);
        Assert.Equal(["item 9999"], Ids(await LoadAsync(service)));
    }

    [Fact]
    [Promise(Fix = "Read a collection as a stream of rows or pages, without a limit on its size.")]
    public async Task ACollectionMayHold100000Items()
    {
        var service = await OpenAsync();
        for (var part = 0; part < 5; part++)
        {
            await CommitAsync(service, Insert([.. Enumerable.Range(part * 20_000, 20_000).Select(n => NewItem($"item {n}", n))]));
        }
        var collection = await LoadAsync(service);
        Assert.Equal(100_000, collection.Items.Select(item => item.Id).Distinct().Count());
        Assert.All(collection.Items.GroupBy(item => item.Revision), part => Assert.Equal(20_000, part.Count()));
    }
}
