using Xunit;

namespace SharedState.Items.Conformance;

/// <content>The storage is not the one that it was, or is called by another name.</content>
public abstract partial class ItemServiceConformance
{
    [SkippableFact]
    [Promise(
        Fix = "Keep ServiceName out of everything that is stored: of names of tables, files and keys, and of the epoch.",
        Needs = Need.Durability)]
    public async Task AServiceMayBeRenamed()
    {
        Skip.IfNot(IsDurable, "not tried: IsDurable is false");
        var service = await OpenAsync(null, "before");
        await CommitAsync(service, Insert("a", "b"));
        var (_, position) = await CommitAsync(service, Remove("b"));
        await CloseAsync(service);
        service = await OpenAsync(null, "after");
        var collection = await LoadAsync(service);
        Assert.Equal(["a"], Ids(collection));
        Assert.Equal(position, collection.Position);
        Assert.Equal([_key], await ListAsync(service));
    }

    [SkippableFact]
    [Promise(
        Fix = "Bind the epoch to something that a copy does not have, such as the creation time of a file or a server's timeline, and make "
            + "a new epoch where it differs.",
        Needs = Need.OperatedStorage)]
    public async Task NoPositionIsGivenTwiceWhenAnOlderCopyIsPutInPlace()
    {
        await using var operated = NewOperatedStorage();
        Skip.If(operated is null, "not tried: NewOperatedStorage returns null");
        var contents = new Dictionary<Position, string>();
        var service = await OpenAsync();
        await CommitAsync(service, Insert("saved"));
        await CloseAsync(service);
        await operated.SaveAsync();
        for (var round = 0; round < 2; round++)
        {
            service = await OpenAsync();
            var start = await LoadAsync(service);
            Assert.Equal(["saved"], Ids(start));
            Note(start.Position, "saved");
            var position = start.Position;
            for (var n = 0; n < 3; n++)
            {
                (_, position) = await CommitAsync(service, Insert($"{round}.{n}"));
                Note(position, string.Join(',', Ids(await LoadAsync(service))));
            }
            await CloseAsync(service);
            await operated.RestoreAsync();

            // Of a client that saw what is lost, a conditional update is left out.
            service = await OpenAsync();
            Assert.Equal(CommitStatus.Conflict, (await CommitAsync(service, Expecting(position, "late"))).Status);
            await CloseAsync(service);
        }

        void Note(Position position, string content) => Assert.True(
            contents.TryAdd(position, content) || contents[position] == content,
            $"{position} was the position of \"{contents[position]}\", and is that of \"{content}\" after an older copy was put in place.");
    }
}
