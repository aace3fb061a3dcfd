using System.Diagnostics;
using StackExchange.Redis;
using StackExchange.Redis.Availability;

namespace SharedState.Items.Redis;

/// <summary>The connection to Redis, which comes back by itself after it was lost.</summary>
internal sealed class Server : IAsyncDisposable
{
    /// <summary>Between two tries of a command.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>The first try to connect again, and the most that later ones wait.</summary>
    private const int FirstRetry = 100, LongestRetry = 2_000;

    private readonly ConnectionMultiplexer _connection;

    private Server(ConnectionMultiplexer connection, RedisOptions options)
    {
        _connection = connection;
        Options = options;
        Database = connection.GetDatabase();
        Masters = [.. connection.GetServers().Where(server => server is { IsConnected: true, IsReplica: false })];
        IsCluster = Masters.Any(server => server.ServerType == ServerType.Cluster);
    }

    public RedisOptions Options { get; }

    public IDatabase Database { get; }

    /// <summary>Those that can be written to, as they were found when this was opened.</summary>
    public IReadOnlyList<IServer> Masters { get; }

    /// <summary>Whether the buckets are spread over servers, so that a script can only see those of one slot.</summary>
    public bool IsCluster { get; }

    /// <exception cref="ItemServiceException">
    /// <see cref="ItemServiceFault.Config"/> or <see cref="ItemServiceFault.Unavailable"/>.
    /// </exception>
    public static async Task<Server> ConnectAsync(RedisOptions options, ItemServiceContext context, CancellationToken stop)
    {
        var connecting = ConnectionMultiplexer.ConnectAsync(Settings(options, context));
        try
        {
            var connection = await connecting.WaitAsync(stop);
            connection.ConnectionFailed += (_, e) =>
            {
                if (e.ConnectionType == ConnectionType.Interactive) context.Logger.ConnectionLost(options.Name, $"{e.FailureType}");
            };
            connection.ConnectionRestored += (_, e) =>
            {
                if (e.ConnectionType == ConnectionType.Interactive) context.Logger.ConnectionBack(options.Name);
            };
            return new Server(connection, options);
        }
        catch (OperationCanceledException)
        {
            _ = connecting.ContinueWith(
                late => late.Result.Dispose(), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion,
                TaskScheduler.Default);
            throw new ItemServiceException(ItemServiceFault.Unavailable, $"{options.Name} does not answer");
        }
        catch (RedisConnectionException e)
        {
            throw Refusal(e, options);
        }
    }

    /// <summary>Asks what changes nothing, or may be done twice. Waits for a lost connection, though not for long.</summary>
    /// <exception cref="ItemServiceException">It was not answered.</exception>
    public async Task<T> AskAsync<T>(Func<IDatabase, Task<T>> ask, CancellationToken stop)
    {
        var asked = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                return await ask(Database).WaitAsync(stop);
            }
            catch (Exception e) when (Failure.TryTell(e, out var failure))
            {
                if (!failure.Passing || Stopwatch.GetElapsedTime(asked) > Options.ReconnectTime) throw failure.ToException(Options, e);
            }
            await Task.Delay(Pause, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>
    /// Hears a channel, one message after the other. The connection comes back by itself; messages that come meanwhile are lost.
    /// </summary>
    /// <exception cref="ItemServiceException">
    /// It could not be subscribed to. To be followed by <see cref="UnsubscribeAsync"/> all the same.
    /// </exception>
    public async Task SubscribeAsync(string channel, Action<string> hear, CancellationToken stop)
    {
        var queue = await AskAsync(
            async _ =>
            {
                try
                {
                    return await _connection.GetSubscriber().SubscribeAsync(RedisChannel.Literal(channel));
                }
                catch
                {
                    await UnsubscribeAsync(channel); // the library keeps the queue of a try that failed, and fills it later
                    throw;
                }
            },
            stop);
        queue.OnMessage(message => hear((string)message.Message!));
    }

    /// <summary>Hears a channel no longer, by whomever it was subscribed to.</summary>
    public async Task UnsubscribeAsync(string channel)
    {
        try
        {
            await _connection.GetSubscriber().UnsubscribeAsync(RedisChannel.Literal(channel), flags: CommandFlags.FireAndForget);
        }
        catch (Exception e) when (Failure.TryTell(e, out _))
        {
            // Without a connection there is no subscription.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _connection.CloseAsync(allowCommandsToComplete: false);
        await _connection.DisposeAsync();
    }

    private static ConfigurationOptions Settings(RedisOptions options, ItemServiceContext context)
    {
        var settings = new ConfigurationOptions
        {
            ServiceName = options.SentinelService,
            User = options.User,
            Password = options.Password,
            DefaultDatabase = options.Database,
            ClientName = $"sharedstate-{string.Concat(context.ServiceName.Where(char.IsAsciiLetterOrDigit))}",
            AllowAdmin = true, // INFO and CONFIG GET
            AbortOnConnectFail = true,
            ConnectTimeout = 3_000,
            ConnectRetry = 1,
            ReconnectRetryPolicy = new ExponentialRetry(FirstRetry, LongestRetry),
            HeartbeatInterval = TimeSpan.FromMilliseconds(200), // also how often it is looked whether to connect again
            KeepAlive = 5,
            ConfigCheckSeconds = 2, // which of several servers is the master

            // What can't be sent is told at once: nothing waits in a queue of which nobody knows.
            BacklogPolicy = BacklogPolicy.FailFast,
            RetryPolicy = RetryPolicy.None,
            AsyncTimeout = 10_000, // the callers give up earlier

            // Neither a key nor a channel beside our own.
            TieBreaker = "",
            ConfigurationChannel = "",
            IncludeDetailInExceptions = false,
        };
        foreach (var address in options.Addresses) settings.EndPoints.Add(address);
        options.Tls?.ApplyTo(settings);
        return settings;
    }

    private static ItemServiceException Refusal(RedisConnectionException e, RedisOptions options)
    {
        var text = $"{e.Message} {e.InnerException?.Message}";
        if (text.Contains("WRONGPASS", StringComparison.Ordinal))
            return RedisOptions.Wrong("db_password", $"or \"db_user\" is wrong: {options.Name} refuses them", e);
        if (text.Contains("NOAUTH", StringComparison.Ordinal))
            return RedisOptions.Wrong("db_password", $"is missing: {options.Name} asks for one", e);
        if (
            text.Contains("RemoteCertificate", StringComparison.Ordinal)
            || e.InnerException is System.Security.Authentication.AuthenticationException)
        {
            return RedisOptions.Wrong(
                "ssl.ca",
                $"does not vouch for the certificate of {options.Name}, or ssl.enabled, ssl.cert and ssl.key do not fit it "
                    + $"({e.InnerException?.Message ?? e.Message})", e);
        }
        // Without the library's exception, whose advice is for programmers: to set abortConnect in a connection string.
        return new ItemServiceException(
            ItemServiceFault.Unavailable, $"{options.Name} can't be reached: is it running, and are db_host and db_port right?");
    }
}
