using MySqlConnector;

namespace SharedState.Items.MySql;

/// <summary>The results of statements that were sent together.</summary>
internal static class Results
{
    /// <summary>Goes on to a result that has columns. Statements such as SET and INSERT have one without.</summary>
    /// <exception cref="ItemServiceException">
    /// <see cref="ItemServiceFault.Unavailable"/>: there is no such result. The answer was cut short, as by a proxy.
    /// </exception>
    public static async Task ToColumnsAsync(MySqlDataReader reader, CancellationToken stop)
    {
        while (reader.FieldCount == 0)
        {
            if (await reader.NextResultAsync(stop)) continue;
            throw new ItemServiceException(ItemServiceFault.Unavailable, "the database's answer lacks a result");
        }
    }
}
