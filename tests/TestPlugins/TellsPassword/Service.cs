using Microsoft.Extensions.Logging;
using SharedState;

namespace TestPlugins;

/// <summary>Tells its password in all ways in which a plugin can log or throw it.</summary>
public sealed class Service : EmptyItemService
{
    private string _password = "";

    public override ValueTask OpenAsync(ItemServiceContext context, CancellationToken stop)
    {
        _password = context.GetRequiredString("db_password");
        var (failure, parts) = (new InvalidOperationException($"no access with {_password}"), new[] { _password, "b" });
#pragma warning disable CA1848, CA2254, CA1873 // logged as somebody would who does not know better
        context.Logger.LogWarning("Value {Value}, {Number} of {Parts}", _password, 7, parts);
        context.Logger.LogWarning($"Template {_password}");
        context.Logger.LogWarning("Taken apart {@Object}", new { Password = _password });
        context.Logger.LogWarning(failure, "Exception");
        context.Logger.Log(LogLevel.Warning, default, _password, null, (state, _) => $"State {state}");
        using (context.Logger.BeginScope("Scope {Password}", _password)) context.Logger.LogWarning("Within");
#pragma warning restore
        return default;
    }

    public override ValueTask<StoredCollection> LoadAsync(CollectionKey key, CancellationToken stop) =>
        throw new InvalidOperationException($"no access with {_password}", new TimeoutException(_password));
}
