using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace SharedState.Items.MySql;

/// <summary>
/// Tells other hosts, and is told by them, that something was stored. Nothing depends on it: who is not told asks a little later.
/// </summary>
internal sealed class Wakeup : IAsyncDisposable
{
    private readonly RedisChannel _channel;
    private readonly RedisValue _self = Epoch.New();
    private readonly Task<ConnectionMultiplexer> _connecting;
    private int _away;

    /// <param name="options">With a <see cref="MySqlOptions.Wakeup"/>.</param>
    /// <param name="logger">Told once of each outage.</param>
    /// <param name="wake">Called when another host stored something.</param>
    public Wakeup(MySqlOptions options, ILogger logger, Action wake)
    {
        // Literal: a table's name may hold no wildcard, but a database's may.
        _channel = RedisChannel.Literal($"sharedstate:{options.Database}:{options.Table}");
        if (!TryParse(options.Wakeup!, out var settings)) throw new ArgumentException("checked before", nameof(options));
        _connecting = ConnectAsync(settings, options, logger, wake);
    }

    /// <summary>Reads the text of the configuration. What is wrong with it may hold its password, and is not told.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out ConfigurationOptions? settings)
    {
        try
        {
            settings = ConfigurationOptions.Parse(text);
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
            settings = null;
            return false;
        }
        settings.AbortOnConnectFail = false;
        settings.BacklogPolicy = BacklogPolicy.FailFast; // a wake-up that comes late wakes for nothing
        settings.ReconnectRetryPolicy = new ExponentialRetry(100, 2_000);
        settings.HeartbeatInterval = TimeSpan.FromMilliseconds(200); // also how often it is looked whether to connect again
        settings.ClientName = "sharedstate";
        (settings.TieBreaker, settings.ConfigurationChannel) = ("", "");
        return settings.EndPoints.Count > 0;
    }

    /// <summary>Wakes the others. Does not wait for it.</summary>
    public void Publish()
    {
        if (_connecting.IsCompletedSuccessfully && _connecting.Result.IsConnected)
            _connecting.Result.GetSubscriber().Publish(_channel, _self, CommandFlags.FireAndForget);
    }

    public async ValueTask DisposeAsync()
    {
        var connection = await _connecting;
        await connection.CloseAsync(allowCommandsToComplete: false);
        await connection.DisposeAsync();
    }

    private async Task<ConnectionMultiplexer> ConnectAsync(ConfigurationOptions settings, MySqlOptions options, ILogger logger, Action wake)
    {
        var connection = await ConnectionMultiplexer.ConnectAsync(settings);
        connection.ConnectionFailed += (_, e) => Away($"{e.FailureType}");
        connection.ConnectionRestored += (_, _) =>
        {
            // What was published meanwhile is not told any more.
            if (Interlocked.Exchange(ref _away, 0) != 0) logger.WakeupBack(options.Table, options.Name);
            wake();
        };
        if (!connection.IsConnected) Away("it can't be reached");
        connection.GetSubscriber().Subscribe(
            _channel,
            (_, sender) =>
            {
                if (sender != _self) wake();
            },
            CommandFlags.FireAndForget);
        return connection;

        void Away(string reason)
        {
            if (Interlocked.Exchange(ref _away, 1) == 0) logger.WakeupAway(options.Table, options.Name, reason);
        }
    }
}
