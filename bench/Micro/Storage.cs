using Microsoft.Extensions.Logging.Abstractions;
using SharedState.Items.Sqlite;

namespace SharedState.Micro;

/// <summary>The SQLite plugin's service, opened.</summary>
internal static class Storage
{
    public static async Task<IItemService> OpenAsync(string database)
    {
        var service = new SqliteItemService();
        var config = new Dictionary<string, string> { ["db_name"] = database };
        await service.OpenAsync(new() { ServiceName = "items", Config = config, BaseDirectory = "/", Logger = NullLogger.Instance },
            CancellationToken.None);
        return service;
    }
}
