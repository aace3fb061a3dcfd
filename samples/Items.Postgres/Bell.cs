using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Npgsql;
using SharedState;

namespace Items.Postgres;

/// <summary>
/// Tells other hosts that there is something to look for, after a commit. Not within it: a transaction that notifies holds a lock of the
/// whole server while it is flushed, so that only one at a time is. A ring that is lost costs a watcher's pause, and nothing else.
/// </summary>
internal sealed class Bell(Database database, string channel, string ownRing, ILogger logger)
{
    // Nothing is to be kept of it, so it need not wait for the disk.
    private const string Notify = "SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, $2)";

    // One ring that waits stands for any number.
    private readonly Channel<bool> _rings = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Rings soon, and does not wait for it.</summary>
    public void Ring() => _rings.Writer.TryWrite(true);

    /// <summary>Rings whenever it is asked to, until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        await foreach (var _ in _rings.Reader.ReadAllAsync(stop).ConfigureAwait(false))
        {
            try
            {
                await database.RunAsync(RingAsync, stop).ConfigureAwait(false);
            }
            catch (ItemServiceException e)
            {
                Log.NotRung(logger, e.Message);
            }
        }
    }

    private Task<int> RingAsync(NpgsqlConnection connection, CancellationToken stop) =>
        Sql.ExecuteAsync(connection, stop, Notify, channel, ownRing);
}
