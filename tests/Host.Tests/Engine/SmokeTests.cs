namespace SharedState.Host.Tests.Engine;

public sealed class SmokeTests
{
    [Fact]
    public async Task AWriterAndASubscriberMeet()
    {
        await using var host = await LiveHost.StartAsync();
        await using var reader = await Client.ConnectAsync(host.Url);
        await using var writer = await Client.ConnectAsync(host.Url);

        var subs = await reader.PutAsync("/subs", """{"insert":[["/app/items/a",{"x":1}]]}""");
        Assert.Equal("""[["/app/items/a",{"x":1}]]""", subs["data"]!.ToJsonString());
        var first = await reader.NotificationAsync();
        Assert.Equal("""{"reset":true,"remove":[],"insert":[]}""", first["data"]!.ToJsonString());

        var put = await writer.PutAsync("/app/items/a", """{"insert":[{"id":"1","v": 1.00}]}""");
        Assert.True((bool)put["ok"]!, put.ToJsonString());
        Assert.Equal(1, (int)put["data"]!);
        var second = await reader.NotificationAsync();
        Assert.Equal("""{"reset":false,"remove":[],"insert":[{"id":"1","v":1.00}]}""", second["data"]!.ToJsonString());
        var get = await writer.GetAsync("/app/items/a");
        Assert.Equal(1, (int)get["rev"]!);
        Assert.True((double)(await writer.GetAsync("/clock"))["data"]! > 1.7e9);
        Assert.Equal("""["items","other","down"]""", (await writer.GetAsync("/"))["data"]!.ToJsonString());
        Assert.Equal("""["a"]""", (await writer.GetAsync("/app/items"))["data"]!.ToJsonString());
    }
}
