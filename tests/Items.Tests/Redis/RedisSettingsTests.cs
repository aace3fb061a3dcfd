using System.Globalization;
using SharedState.Items.Redis;
using Xunit;

namespace SharedState.Items.Tests;

/// <summary>What a configuration, and a server's own, may be, and what is said of it.</summary>
public sealed class RedisSettingsTests : RedisTests
{
    [RedisTheory]
    [InlineData("allkeys-lru")]
    [InlineData("allkeys-lfu")]
    [InlineData("allkeys-random")]
    public async Task AServerThatEvictsIsRefusedWithTheCommandThatMendsIt(string policy)
    {
        var server = await StartAsync("--maxmemory-policy", policy);
        var refusal = await RefusedAsync(server.Config());
        Assert.Equal(ItemServiceFault.Unusable, refusal.Fault);
        Assert.Contains(policy, refusal.Message);
        Assert.Contains("CONFIG SET maxmemory-policy noeviction", refusal.Message);
        Assert.False(await server.Database.KeyExistsAsync("{items:0}:mark"));

        await server.ExecuteAsync("CONFIG", "SET", "maxmemory-policy", "noeviction");
        await OpenAsync(server);
    }

    [RedisFact]
    public async Task APolicyThatEvictsOnlyWhatExpiresIsAcceptedForNothingOfOursDoes()
    {
        var server = await StartAsync("--maxmemory-policy", "volatile-ttl");
        var service = await OpenAsync(server);
        await InsertAsync(service, "a");
        await CommitAsync(service, new ItemUpdate { Key = Key, Remove = ["a"], Insert = [NewItem("b")] });
        foreach (var key in server.Admin.Keys()) Assert.Null(await server.Database.KeyTimeToLiveAsync(key));
    }

    [RedisTheory]
    [InlineData("appendfsync", "everysec", "updates of the last second or two are lost")]
    [InlineData("appendfsync", "no", "often 30 seconds of updates")]
    [InlineData("appendonly", "no", "all updates since its last snapshot are lost")]
    public async Task AWeakerSettingIsToldInTheWordsOfWhatItLoses(string setting, string value, string loss)
    {
        await OpenAsync(await StartAsync($"--{setting}", value));
        var line = Assert.Single(Log.Of(Weak));
        Assert.Contains($"{setting} is {value}", line);
        Assert.Contains(loss, line);
        Assert.Contains("though clients were told", line);
        Assert.Contains("appendfsync always", line);
    }

    [RedisFact]
    public async Task NothingIsSaidOfTheStrongestSetting()
    {
        await OpenAsync(await StartAsync());
        Assert.Empty(Log.Of(Weak));
        Assert.Contains("version 7", Assert.Single(Log.Of(Opened)));
    }

    [RedisFact]
    public async Task WhereConfigIsRenamedTheDoubtIsTold()
    {
        var server = await StartAsync("--rename-command", "CONFIG", "");
        await InsertAsync(await OpenAsync(server), "a");
        Assert.Contains("may not ask CONFIG GET appendfsync", Assert.Single(Log.Of(Weak)));
    }

    [RedisFact]
    public async Task WhereInfoIsForbiddenTheDoubtIsTold()
    {
        var server = await StartAsync();
        await server.ExecuteAsync("ACL", "SETUSER", "limited", "on", ">secret", "~*", "&*", "+@all", "-info", "-config");
        var config = server.Config();
        (config["db_user"], config["db_password"]) = ("limited", "secret");
        await InsertAsync(await OpenAsync(config), "a");
        Assert.Contains(Log.Of(Weak), line => line.Contains("not known whether its maxmemory-policy", StringComparison.Ordinal));
        Assert.Contains(Log.Of(Weak), line => line.Contains("not known what is lost", StringComparison.Ordinal));
        Assert.Contains(Log.Of(Weak), line => line.Contains("a failover is not noticed", StringComparison.Ordinal));
    }

    [RedisTheory]
    [InlineData("--requirepass", "right", null, null, "db_password", "is missing")]
    [InlineData("--requirepass", "right", null, "guessed", "db_password", "refuses them")]
    [InlineData("--requirepass", "right", "nobody", "right", "db_password", "refuses them")]
    public async Task AWrongPasswordIsNamedAndNotShown(
        string setting, string value, string? user, string? password, string key, string text)
    {
        var server = await RedisServer.StartAsync([setting, value], settings => settings.Password = value);
        await using (server)
        {
            var config = server.Config();
            if (user is not null) config["db_user"] = user;
            if (password is not null) config["db_password"] = password;
            var refusal = await RefusedAsync(config);
            Assert.Equal((ItemServiceFault.Config, key), (refusal.Fault, refusal.ConfigKey));
            Assert.Contains(text, refusal.Message);
            Assert.DoesNotContain(password ?? "right", refusal.Message);

            config.Remove("db_user");
            config["db_password"] = "right";
            await InsertAsync(await OpenAsync(config), "a");
        }
    }

    [RedisFact]
    public async Task AMissingRightIsNamed()
    {
        var server = await StartAsync();
        await server.ExecuteAsync("ACL", "SETUSER", "limited", "on", ">secret", "~others:*", "&*", "+@all");
        var config = server.Config();
        (config["db_user"], config["db_password"]) = ("limited", "secret");
        var refusal = await RefusedAsync(config);
        Assert.Equal(ItemServiceFault.Unavailable, refusal.Fault);
        Assert.Contains("db_user has not all rights", refusal.Message);
    }

    [RedisTheory]
    [InlineData("-xtrim")]
    [InlineData("-publish")]
    [InlineData("-expire")]
    [InlineData("-subscribe")]
    [InlineData("-hdel -unlink")]
    public async Task EachRightThatScriptsNeedIsAskedForBeforeAnythingIsStored(string without)
    {
        var server = await StartAsync();
        await server.ExecuteAsync("ACL", ["SETUSER", "limited", "on", ">secret", "~*", "&*", "+@all", .. without.Split(' ')]);
        var config = server.Config();
        (config["db_user"], config["db_password"]) = ("limited", "secret");
        var refusal = await RefusedAsync(config);
        Assert.Equal((ItemServiceFault.Config, "db_user"), (refusal.Fault, refusal.ConfigKey));
        Assert.Contains($": {without.Replace('-', '+')} for the keys {{items:* and the channel items:commits:0", refusal.Message);
        Assert.Equal(0, (long)await server.Database.ExecuteAsync("DBSIZE"));
    }

    [RedisFact]
    public async Task ANumberIsADatabaseAndATextIsAPrefix()
    {
        var server = await StartAsync();
        var numbered = server.Config(name: "3");
        var named = server.Config(name: "shop");
        await InsertAsync(await OpenAsync(numbered), "of 3");
        await InsertAsync(await OpenAsync(named), "of shop");
        await InsertAsync(await OpenAsync(server), "of 0");
        Assert.Equal(["of 3"], await IdsAsync(await OpenAsync(numbered)));
        Assert.Equal(["of shop"], await IdsAsync(await OpenAsync(named)));
        Assert.Equal(["of 0"], await IdsAsync(await OpenAsync(server)));

        Assert.All(server.Admin.Keys(3), key => Assert.StartsWith("{items:", key));
        Assert.All(server.Admin.Keys(0), key => Assert.Matches(@"^\{(shop:)?items:\d+\}:", (string)key!));
        var refusal = await RefusedAsync(server.Config(name: "1000"));
        Assert.Equal((ItemServiceFault.Config, "db_name"), (refusal.Fault, refusal.ConfigKey));
    }

    [Theory]
    [InlineData("db_host", "", "names no host")]
    [InlineData("db_host", "a b", "host:port")]
    [InlineData("db_host", "a:0", "host:port")]
    [InlineData("db_host", "a:99999", "host:port")]
    [InlineData("db_host", "a,password=x", "host:port")]
    [InlineData("db_host", "serviceName=x", "names no host")]
    [InlineData("db_port", "0", "whole number from 1 to 65535")]
    [InlineData("db_port", "x", "whole number from 1 to 65535")]
    [InlineData("db_name", "", "prefix of 1 to 64")]
    [InlineData("db_name", "-1", "prefix of 1 to 64")]
    [InlineData("db_name", "{a}", "prefix of 1 to 64")]
    [InlineData("db_table", "", "letters, digits and underscores")]
    [InlineData("db_table", "a:b", "letters, digits and underscores")]
    [InlineData("db_password", "", "db_user needs one")]
    [InlineData("ssl.enabled", "yes", "true or false")]
    [InlineData("ssl.ca", "/nowhere/ca.pem", "can't be read: /nowhere/ca.pem")]
    [InlineData("ssl.cert", "/nowhere/cert.pem", "can't be read: /nowhere/cert.pem")]
    [InlineData("ssl.key", null, "ssl.cert needs one")]
    public async Task AMistakeIsNamed(string key, string? value, string text)
    {
        var config = new Dictionary<string, string> { ["db_user"] = "u", ["db_password"] = "p", ["ssl.enabled"] = "true" };
        if (key is "ssl.cert" or "ssl.key") (config["ssl.cert"], config["ssl.key"]) = ("/nowhere/cert.pem", "/nowhere/key.pem");
        if (value is null) config.Remove(key);
        else config[key] = value;
        var refusal = await RefusedAsync(config);
        Assert.Equal((ItemServiceFault.Config, key), (refusal.Fault, refusal.ConfigKey));
        Assert.Contains(text, refusal.Message);
    }

    [Theory]
    [InlineData("localhost", "localhost:7000", null)]
    [InlineData("10.0.0.1:1, redis-2 ,[::1]:3", "10.0.0.1:1 redis-2:7000 [::1]:3", null)]
    [InlineData("s1:26379,s2:26379,serviceName=mymaster", "s1:26379 s2:26379", "mymaster")]
    public void AddressesAreListedWithCommas(string text, string addresses, string? service)
    {
        var options = RedisOptions.From(new ItemServiceContext
        {
            ServiceName = "items",
            BaseDirectory = Path.GetTempPath(),
            Logger = Log,
            Config = new Dictionary<string, string> { ["db_host"] = text, ["db_port"] = "7000" },
        });
        Assert.Equal(addresses, string.Join(' ', options.Addresses));
        Assert.Equal(service, options.SentinelService);
    }

    [Fact]
    public async Task WhereNothingListensItIsUnavailable()
    {
        var config = new Dictionary<string, string>
        {
            ["db_host"] = "127.0.0.1",
            ["db_port"] = ServerProcess.FreePort().ToString(CultureInfo.InvariantCulture),
        };
        var refusal = await RefusedAsync(config);
        Assert.Equal(ItemServiceFault.Unavailable, refusal.Fault);
        Assert.Contains("can't be reached: is it running", refusal.Message);
        Assert.Null(refusal.InnerException); // the library's advice is for programmers, and the host would show it
    }
}
