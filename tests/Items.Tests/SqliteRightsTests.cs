using System.Runtime.Versioning;
using Microsoft.Data.Sqlite;
using Xunit;

namespace SharedState.Items.Tests;

/// <summary>The files of a database are for its user alone, whatever the umask of the process is.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class SqliteRightsTests : SqliteTests
{
    private const UnixFileMode Own = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OfOthers = UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    [Fact]
    public async Task NewFilesAndFoldersAreForThisUserAlone()
    {
        var database = Folder.File("a/b/new.db");
        await InsertAsync(await OpenAsync(database), "a");
        Assert.Equal(
            ["new.db", "new.db-items-lock", "new.db-shm", "new.db-wal"],
            Directory.GetFiles(Folder.File("a/b")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.All(Directory.GetFiles(Folder.File("a/b")), file => Assert.Equal(Own, File.GetUnixFileMode(file)));
        foreach (var folder in new[] { "a", "a/b" })
            Assert.Equal(Own | UnixFileMode.UserExecute, File.GetUnixFileMode(Folder.File(folder)));
        Assert.Empty(Log.Of(3010));
    }

    [Fact]
    public async Task AWiderDatabaseKeepsItsRightsAndIsReported()
    {
        await using (var made = new SqliteConnection($"Data Source={Folder.Database};Pooling=False")) await made.OpenAsync();
        File.SetUnixFileMode(Folder.Database, Own | OfOthers);
        await InsertAsync(await OpenAsync(), "a");
        Assert.Equal(Own | OfOthers, File.GetUnixFileMode(Folder.Database));
        Assert.StartsWith(
            $"Other users of this computer may use {Folder.Database}, {Folder.Database}-wal, {Folder.Database}-shm: ",
            Assert.Single(Log.Of(3010)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AFolderThatOthersMayWriteToIsReported()
    {
        var folder = Directory.CreateDirectory(Folder.File("wide")).FullName;
        File.SetUnixFileMode(folder, Own | UnixFileMode.UserExecute | UnixFileMode.OtherWrite);
        await OpenAsync(Folder.File("wide/test.db"));
        Assert.StartsWith($"Other users of this computer may use {folder}: ", Assert.Single(Log.Of(3010)), StringComparison.Ordinal);
    }

    /// <summary>Each opens the file that one of them makes, and loses no lock of SQLite by that.</summary>
    [Fact]
    public async Task ServicesThatMakeOneFileTogetherAllWork()
    {
        string[] tables = ["one", "two", "three", "four"];
        foreach (var service in await Task.WhenAll(tables.Select(table => Task.Run(() => OpenAsync(table: table, name: table)))))
            await InsertAsync(service, "a");
        foreach (var table in tables)
            Assert.Equal(1L, Scalar($"SELECT COUNT(*) FROM {table}"));
    }

    private object? Scalar(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={Folder.Database};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }
}
