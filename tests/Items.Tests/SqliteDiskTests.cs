using System.Diagnostics;
using System.Text;
using Microsoft.Data.Sqlite;
using SharedState.Items.Sqlite;
using SQLitePCL;
using Xunit;

namespace SharedState.Items.Tests;

/// <summary>The file under an open database, and the disk under the file.</summary>
public sealed class SqliteDiskTests : SqliteTests
{
    [Theory]
    [InlineData("deleted")]
    [InlineData("moved")]
    [InlineData("replaced")]
    [InlineData("log deleted")]
    public async Task ADatabaseThatIsNoLongerAtItsPlaceTakesNoUpdates(string change)
    {
        var service = await OpenAsync();
        await InsertAsync(service, "a");
        await CopyAsync(Folder.Database, Folder.File("copy"));
        if (change is "deleted") File.Delete(Folder.Database);
        if (change is "moved") File.Move(Folder.Database, Folder.File("moved.db"));
        if (change is "replaced") File.Move(Folder.File("copy"), Folder.Database, overwrite: true);
        if (change is "log deleted") File.Delete(Folder.Database + "-wal");

        for (var n = 0; n < 5; n++)
        {
            var fault = await Assert.ThrowsAsync<ItemServiceException>(() => InsertAsync(service, "b"));
            Assert.Equal(ItemServiceFault.Unavailable, fault.Fault);
            Assert.Contains($"{Folder.Database} was deleted, moved or replaced", fault.Message);
        }

        // Nor is anything read of it, which the next host would not find.
        Assert.Equal(ItemServiceFault.Unavailable, (await Assert.ThrowsAsync<ItemServiceException>(() => LoadAsync(service))).Fault);
    }

    [Fact]
    public async Task ADatabaseThatIsPutBackIsUsedAgain()
    {
        var service = await OpenAsync();
        var position = await InsertAsync(service, "a");
        File.Move(Folder.Database, Folder.File("moved.db"));
        await Assert.ThrowsAsync<ItemServiceException>(() => InsertAsync(service, "b"));
        File.Move(Folder.File("moved.db"), Folder.Database);
        Assert.Equal(position with { Revision = 2 }, await InsertAsync(service, "b"));
        Assert.Equal(position with { Revision = 2 }, (await LoadAsync(service)).Position);
    }

    [Fact]
    public async Task ADatabaseReplacedDuringACommitIsNotAnsweredAsStored()
    {
        var service = await OpenAsync();
        await InsertAsync(service, "a");
        SqliteItemService replaced = await OpenAsync(Folder.File("replaced.db"), adjust: options => options with
        {
            BeforeCommit = () => File.Move(Folder.File("replaced.db"), Folder.File("elsewhere.db"), overwrite: true),
        });
        var fault = await Assert.ThrowsAsync<ItemServiceException>(() => InsertAsync(replaced, "a"));
        Assert.Equal(ItemServiceFault.OutcomeUnknown, fault.Fault);
    }

    [Theory]
    [InlineData(raw.SQLITE_IOERR)]
    [InlineData(raw.SQLITE_NOMEM)]
    public async Task ACommitThatTheDiskFailedIsOverwrittenInTheLogBeforeTheNextLoad(int code)
    {
        var fails = false;
        var service = await OpenAsync(adjust: options => options with
        {
            BeforeCommit = () =>
            {
                if (!fails) return;
                fails = false;
                throw new SqliteException("the disk failed", code);
            },
        });
        var position = await InsertAsync(service, "a");
        fails = true;
        var fault = await Assert.ThrowsAsync<ItemServiceException>(() => InsertAsync(service, "b"));
        Assert.Equal(ItemServiceFault.OutcomeUnknown, fault.Fault);
        var before = Sql("SELECT commits FROM items__store");
        Assert.Equal(position, (await LoadAsync(service)).Position);
        Assert.NotEqual(before, Sql("SELECT commits FROM items__store"));
        Assert.Equal(position with { Revision = 2 }, await InsertAsync(service, "c"));
    }

    [SmallDiskFact]
    public async Task ASmallDiskIsNotFilledByTheLog()
    {
        using var disk = SmallDisk.Mount(megabytes: 8);
        var service = await OpenAsync(disk.File("test.db"));
        var (text, written) = (new string('x', 20_000), 0L);
        for (var n = 0; written < 40 << 20; n++)
        {
            var item = new Item($"{n % 20}", Encoding.UTF8.GetBytes($$"""{"id":"{{n % 20}}","text":"{{text}}"}"""));
            await CommitAsync(service, new ItemUpdate { Key = Key, Insert = [item] });
            written += item.Json.Length;
        }
        Assert.Equal(20, (await LoadAsync(service)).Items.Count);
    }

    [SmallDiskFact]
    public async Task AnUpdateThatTheDiskHasNoRoomForIsRefusedAndSmallOnesGoOn()
    {
        using var disk = SmallDisk.Mount(megabytes: 8);
        var service = await OpenAsync(disk.File("test.db"));
        await InsertAsync(service, "a");
        for (var n = 0; n < 3; n++)
        {
            var large = new ItemUpdate
            {
                Key = Key,
                Insert = [new Item("large", Encoding.UTF8.GetBytes($$"""{"id":"large","text":"{{new string('x', 9 << 20)}}"}"""))],
            };
            var fault = await Assert.ThrowsAsync<ItemServiceException>(() => CommitAsync(service, large));
            Assert.Equal(ItemServiceFault.Unavailable, fault.Fault);
            Assert.Contains("is full", fault.Message);
            await InsertAsync(service, $"small {n}");
        }
        Assert.Equal(4, (await LoadAsync(service)).Items.Count);
    }

    [SmallDiskFact]
    public async Task WhereItemsFillTheDiskSomeCanBeRemoved()
    {
        using var disk = SmallDisk.Mount(megabytes: 8);
        var service = await OpenAsync(disk.File("test.db"));
        var (text, stored) = (new string('x', 50_000), 0);
        var fault = await Assert.ThrowsAsync<ItemServiceException>(async () =>
        {
            for (; stored < 1_000; stored++)
            {
                var item = new Item($"{stored}", Encoding.UTF8.GetBytes($$"""{"id":"{{stored}}","text":"{{text}}"}"""));
                await CommitAsync(service, new ItemUpdate { Key = Key, Insert = [item] });
            }
        });
        Assert.Equal(ItemServiceFault.Unavailable, fault.Fault);
        Assert.InRange(stored, 40, 160);

        // It was not locked out: also by a host that starts on this disk.
        await CloseAsync(service);
        service = await OpenAsync(disk.File("test.db"));
        for (var n = 0; n < stored; n++) await RemoveAsync(service, $"{n}");
        await InsertAsync(service, "again");
        Assert.Equal(["""{"id":"again"}"""], Texts(await LoadAsync(service)));
    }

    [SmallDiskFact]
    public async Task ADiskThatOthersFilledHealsWhenThereIsRoom()
    {
        using var disk = SmallDisk.Mount(megabytes: 8);
        var service = await OpenAsync(disk.File("test.db"));
        var position = await InsertAsync(service, "a");
        using (
            var filling = Process.Start(
                new ProcessStartInfo("dd", ["if=/dev/zero", $"of={disk.File("other")}", "bs=64k"]) { RedirectStandardError = true })!)
        {
            await filling.WaitForExitAsync();
        }
        var fault = await Assert.ThrowsAsync<ItemServiceException>(() => InsertAsync(service, "b"));
        Assert.Equal(ItemServiceFault.Unavailable, fault.Fault);
        Assert.Equal(position, (await LoadAsync(service)).Position);
        File.Delete(disk.File("other"));
        Assert.Equal(position with { Revision = 2 }, await InsertAsync(service, "b"));
    }
}
