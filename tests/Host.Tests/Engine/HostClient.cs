namespace SharedState.Host.Tests.Engine;

/// <summary>Speaks to the real program.</summary>
internal static class HostClient
{
    public static async Task<Client> ConnectAsync(this HostProcess host) =>
        await Client.ConnectAsync(new UriBuilder(await host.UriAsync()) { Scheme = "ws" }.Uri);

    /// <summary>Writes an item to a service and reads it.</summary>
    public static async Task WriteAndReadAsync(this HostProcess host, string service)
    {
        await using var client = await host.ConnectAsync();
        var written = await client.PutAsync($"/app/{service}/chnl", """{"insert":[{"id":"a","n":1}]}""");
        Assert.True((bool)written["ok"]!, written.ToJsonString());
        Assert.Equal("""[{"id":"a","n":1}]""", (await client.GetAsync($"/app/{service}/chnl"))["data"]!.ToJsonString());
    }
}
