using System.Text;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Guarantees;

/// <summary>A <see cref="ModelClient"/> on a real socket: reads by itself, unless it is told not to.</summary>
internal sealed class SocketPeer : IAsyncDisposable
{
    private readonly Client _client;
    private readonly SemaphoreSlim _gate = new(1);    // the model, and the order of what is sent
    private readonly SemaphoreSlim _reading = new(1); // held while the client does not read
    private readonly Task _reader;

    private SocketPeer(Client client, ModelClient model)
    {
        (_client, Model) = (client, model);
        _reader = Task.Run(ReadAsync);
    }

    public ModelClient Model { get; }

    /// <summary>What the client saw that must not be, or null.</summary>
    public Exception? Failure { get; private set; }

    public static async Task<SocketPeer> ConnectAsync(LiveHost host, ModelClient model) => new(await Client.ConnectAsync(host.Url), model);

    public async Task SendAsync(Func<ModelClient, string> request)
    {
        await _gate.WaitAsync();
        try
        {
            await _client.SendAsync(request(Model));
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Reads nothing while something is done.</summary>
    public async Task WithoutReadingAsync(Func<Task> action)
    {
        await _reading.WaitAsync();
        await action();
        _reading.Release();
    }

    /// <summary>Whether the model says so now.</summary>
    public async Task<bool> IsAsync(Func<ModelClient, bool> condition)
    {
        await _gate.WaitAsync();
        var result = condition(Model);
        _gate.Release();
        return result;
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _reader;
    }

    private async Task ReadAsync()
    {
        try
        {
            while (true)
            {
                await _reading.WaitAsync();
                _reading.Release();
                if (await _client.ReceiveTextAsync() is not { } text) return;
                await _gate.WaitAsync();
                try
                {
                    Model.Receive(Encoding.UTF8.GetBytes(text));
                }
                finally
                {
                    _gate.Release();
                }
            }
        }
        catch (Exception exception)
            when (exception is System.Net.WebSockets.WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The test broke the connection.
        }
        catch (Exception exception)
        {
            Failure = exception;
        }
    }
}
