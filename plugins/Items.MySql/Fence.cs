using MySqlConnector;

namespace SharedState.Items.MySql;

/// <summary>
/// Waits until what was read is on disk. InnoDB shows a commit to others before its log is written (by a binary log it is the other way
/// round): a server that is killed in between forgets what was seen, and gives the same revision to something else. Who writes after it has
/// read is answered when both are on disk.
/// </summary>
/// <example>
/// The bug that this prevents: host A commits revision 8, host B reads it and shows it; the server loses power; 8 is gone, A's client is
/// told so, and writes again: another 8. B's clients see the first one, A's the second, and nothing ever tells them.
/// </example>
internal sealed class Fence(Tables tables, ServerTraits traits, Lineage lineage)
{
    /// <summary>Whether reads have to wait. If the server writes its log late anyway, the operator was told what is lost.</summary>
    public bool IsNeeded { get; } = traits is { FlushLog: "1" or "3" } and not { SyncBinaryLog: not null, LogsAll: true };

    /// <summary>Waits for a commit that was read, and so for all before it.</summary>
    public async Task WaitAsync(MySqlConnection connection, Landmark commit, CancellationToken stop)
    {
        if (IsNeeded)
        {
            using var command = new MySqlCommand(
                $"UPDATE {tables.Commits} SET `reads` = `reads` + 1 "
                + $"WHERE collection = {commit.Collection} AND revision = {commit.Revision}", connection);
            await command.ExecuteNonQueryAsync(stop);
        }
        lineage.Saw(commit);
    }
}
