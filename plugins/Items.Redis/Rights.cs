namespace SharedState.Items.Redis;

/// <summary>
/// What the user may do. Asked when the service is opened, and not by trying: a script that is refused a command in its middle leaves half
/// a commit.
/// </summary>
internal static class Rights
{
    /// <exception cref="ItemServiceException"><see cref="ItemServiceFault.Config"/>: a right is missing.</exception>
    public static async Task CheckAsync(Server server, Layout layout, CancellationToken stop)
    {
        var missing = await server.AskAsync(
            database => Script.RunAsync(database, Script.Rights, [layout.All[0].Mark], [layout.Channel]), stop);
        if (missing.Length == 0) return;
        var commands = string.Join(' ', missing.Select(command => $"+{(string)command!}"));
        throw RedisOptions.Wrong(
            "db_user",
            $"lacks rights in {server.Options.Name}: {commands} for the keys {layout.Keys} and the channel {layout.Channel}. "
                + "docs/OPERATING.md lists all that are needed");
    }
}
