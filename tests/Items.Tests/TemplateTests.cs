using System.Text;
using Acme.Items.Files;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace SharedState.Items.Tests;

/// <summary>
/// What the template's store of files does when it was interrupted, or somebody else was at its files. The contract is tested beside this.
/// </summary>
public sealed class TemplateTests : IDisposable
{
    private static readonly CollectionKey[] Keys = [new("app", "one"), new("app", "two")];

    private readonly string _folder = Directory.CreateTempSubdirectory("template-tests-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task ACommitOfSeveralCollectionsThatWasDecidedIsFinishedHoweverFarItCame(int renamed)
    {
        var names = await CommitTwiceAndGoBackAsync(renamed);
        File.WriteAllLines(Path.Combine(_folder, "commit"), names);
        Assert.Equal(["2", "2"], await ValuesAsync());
        Assert.Empty(Directory.GetFiles(_folder, "*.new"));
        Assert.False(File.Exists(Path.Combine(_folder, "commit")));
    }

    [Fact]
    public async Task ACommitOfSeveralCollectionsThatWasNotDecidedDidNotHappen()
    {
        await CommitTwiceAndGoBackAsync(renamed: 0);
        Assert.Equal(["1", "1"], await ValuesAsync());
        Assert.Empty(Directory.GetFiles(_folder, "*.new"));
    }

    [Fact]
    public async Task AnEpochLastsUntilSomebodyElseWasAtTheFilesOrItWasKilled()
    {
        await CommitAsync(1);
        var epoch = await EpochAsync();
        Assert.Equal(epoch, await EpochAsync());

        var file = Directory.GetFiles(_folder, "*.json")[0];
        File.WriteAllText(file, File.ReadAllText(file).Replace("\"v\":1", "\"v\":7"));
        var edited = await EpochAsync();
        Assert.NotEqual(epoch, edited);
        Assert.Contains("7", await ValuesAsync());

        File.Delete(Path.Combine(_folder, "epoch")); // as after a kill
        Assert.NotEqual(edited, await EpochAsync());
    }

    [Fact]
    public async Task ADamagedFileAndASecondHostAreTold()
    {
        await CommitAsync(1);
        await using (await OpenAsync())
        {
            Assert.Equal(ItemServiceFault.Unavailable, (await Assert.ThrowsAsync<ItemServiceException>(OpenAsync)).Fault);
        }
        var file = Directory.GetFiles(_folder, "*.json")[0];
        File.WriteAllText(file, "{");
        var told = await Assert.ThrowsAsync<ItemServiceException>(OpenAsync);
        Assert.Equal(ItemServiceFault.Unusable, told.Fault);
        Assert.Contains(file, told.Message, StringComparison.Ordinal);
    }

    /// <summary>
    /// Commits 1 and then 2 to both collections, and puts the files back to where the second commit was only prepared but for some that
    /// were renamed.
    /// </summary>
    private async Task<string[]> CommitTwiceAndGoBackAsync(int renamed)
    {
        await CommitAsync(1);
        var files = Directory.GetFiles(_folder, "*.json").Order().ToArray();
        var before = files.Select(File.ReadAllBytes).ToArray();
        await CommitAsync(2);
        for (var i = renamed; i < files.Length; i++)
        {
            File.Move(files[i], files[i] + ".new");
            File.WriteAllBytes(files[i], before[i]);
        }
        return [.. files.Select(file => Path.GetFileName(file))];
    }

    private async Task CommitAsync(int value)
    {
        await using var service = await OpenAsync();
        var json = Encoding.UTF8.GetBytes($$"""{"id":"a","v":{{value}}}""");
        await service.CommitAsync([.. Keys.Select(key => new ItemUpdate { Key = key, Insert = [new("a", json)] })], CancellationToken.None);
    }

    private async Task<string[]> ValuesAsync()
    {
        await using var service = await OpenAsync();
        var values = new List<string>();
        foreach (var key in Keys)
        {
            var item = Assert.Single((await service.LoadAsync(key, CancellationToken.None)).Items);
            values.Add(Encoding.UTF8.GetString(item.Json.Span)[^2..^1]);
        }
        return [.. values];
    }

    private async Task<string> EpochAsync()
    {
        await using var service = await OpenAsync();
        return (await service.LoadAsync(Keys[0], CancellationToken.None)).Position.Epoch;
    }

    private async Task<FilesItemService> OpenAsync()
    {
        var service = new FilesItemService();
        try
        {
            var config = new Dictionary<string, string> { ["db_name"] = _folder };
            await service.OpenAsync(new() { ServiceName = "items", Config = config, BaseDirectory = _folder, Logger = NullLogger.Instance }, CancellationToken.None);
            return service;
        }
        catch
        {
            await service.DisposeAsync();
            throw;
        }
    }
}
