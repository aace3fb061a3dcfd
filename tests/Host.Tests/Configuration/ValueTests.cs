using System.Globalization;
using System.Runtime.Loader;
using Microsoft.Extensions.Logging.Abstractions;
using SharedState.Host.Configuration;
using SharedState.Host.Plugins;
using SharedState.Host.Services;

namespace SharedState.Host.Tests.Configuration;

/// <summary>The values of a file without mistakes arrive at plugins and limits.</summary>
public sealed class ValueTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void APluginGetsFlattenedTextsWithItsDefaults()
    {
        var plan = Plan("""{"db_type": "memory", "size": 100, "ssl": {"enabled": true}, "db_name": null}""");
        Assert.Equal(
            new Dictionary<string, string> { ["db_type"] = "memory", ["size"] = "100", ["ssl.enabled"] = "true", ["db_table"] = "items" },
            plan.Source!.Context.Config);
        Assert.Equal(_folder.FullName, plan.Source!.Context.BaseDirectory);
        Assert.Equal("items", plan.Source!.Context.ServiceName);
    }

    [Fact]
    public void SecretsComeFromTheEnvironmentAndFromFilesAndAreNeverShown()
    {
        _folder.Write("secret.txt", "hush hush\r\n");
        Environment.SetEnvironmentVariable("SHAREDSTATE_TEST_SIZE", "42");
        var plan = Plan(
            """{"db_type": "memory", "db_password": {"file": "secret.txt"}, "size": {"env": "SHAREDSTATE_TEST_SIZE"}, "db_name": {"file": "secret.txt"}}"""
        );

        Assert.Equal("hush hush", plan.Source!.Context.Config["db_password"]);
        Assert.Equal("42", plan.Source!.Context.Config["size"]);
        Assert.Equal("memory, ***", plan.Config.Storage);
        Assert.DoesNotContain(
            "hush", plan.Explain(new(ItemServiceFault.Unusable, "no access with password hush hush")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("x", "the certificate expired, x", "the certificate expired, ***")]
    [InlineData("x", "password=x;user=max", "password=***;user=max")]
    [InlineData("pass", "the password pass is wrong", "the password *** is wrong")]
    [InlineData("tester's pass", "for=tester's password", "for=***word")]
    [InlineData("a.b", "axb a.b", "axb ***")]
    public void AShortSecretIsNotToldByTheWordThatContainsIt(string secret, string text, string redacted)
    {
        _folder.Write("secret.txt", secret);
        var plan = Plan("""{"db_type": "memory", "db_password": {"file": "secret.txt"}}""");
        Assert.Equal(redacted, plan.Config.Redact(text));
    }

    [Fact]
    public void AWrongReferencedValueIsNotShown()
    {
        _folder.Write("secret.txt", "hush");
        using var installation = Read("""{"db_type": "memory", "size": {"file": "secret.txt"}}""");
        Assert.EndsWith(
            "services[0].config.size: must be a whole number, not what it refers to", Assert.Single(installation.Mistakes).ToString(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void NoMistakeShowsAReferencedValue()
    {
        _folder.Write("secret.txt", "hush");
        _folder.Write("my.json", """
            {"service": {"log": {"file": "secret.txt"}, "origins": [{"file": "secret.txt"}], "limits": {"connections": {"file": "secret.txt"}}},
             "plugins": [{"file": "secret.txt"}],
             "services": [{"name": "items", "module": {"file": "secret.txt"}, "config": {}}]}
            """);
        using var installation = Installation.Read(_folder["my.json"], TempFolder.TestPlugins, listen: false);
        Assert.Equal(5, installation.Mistakes.Count);
        Assert.All(installation.Complaints, complaint => Assert.DoesNotContain("hush", complaint, StringComparison.Ordinal));
        using var refused = Read("""{"db_type": {"file": "secret.txt"}}""");
        var plan = refused.Plans[0].Load(NewPlugins(), NullLoggerFactory.Instance);
        Assert.StartsWith("no installed plugin is for db_type \"***\"; found: ", plan.Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void AFaultThatNamesAKeyHasItsPlace()
    {
        var plan = Plan("""{"db_type": "memory", "db_table": "x"}""");
        var explained = plan.Explain(new ItemServiceException(ItemServiceFault.Config, "too short") { ConfigKey = "db_table" });
        Assert.Equal($"{_folder["my.json"]}:1:104 services[0].config.db_table: too short", explained);
    }

    [Fact]
    public void EveryLimitCanBeSetAndIsShown()
    {
        var fields = LimitField.All.Select(limit => $"\"{limit.Name}\": {Value(limit).ToString(CultureInfo.InvariantCulture)}");
        _folder.Write(
            "my.json",
            $$$"""{"service": {"limits": {{{{string.Join(',', fields)}}}}}, "services": [{"name": "items", "module": "items_service", "config": {"db_type": "memory"}}]}"""
        );
        using var installation = Installation.Read(_folder["my.json"], TempFolder.TestPlugins, listen: false);

        Assert.Empty(installation.Mistakes);
        Assert.Equal(typeof(Limits).GetProperties().Length, LimitField.All.Count);
        foreach (var property in typeof(Limits).GetProperties())
            Assert.NotEqual(property.GetValue(new Limits()), property.GetValue(installation.Config.Limits));
        Assert.All(
            LimitField.All, limit => Assert.Contains("default", limit.Describe(installation.Config.Limits), StringComparison.Ordinal));

        static double Value(LimitField limit) => limit.Optional ? 7 : Math.Min(limit.Minimum + 1, limit.Maximum);
    }

    [Fact]
    public void TwoPluginsForOneServiceRefuseItAndNameBothFolders()
    {
        _folder.CopyPlugin("Memory", "plugs/A");
        _folder.CopyPlugin("Memory", "plugs/B");
        var folders = PluginFolders.Scan(_folder["plugs"], [], PluginPins.None);

        Assert.Null(folders.Find("items_service", "memory", out var why));
        Assert.Equal($"several plugins are for db_type \"memory\": {_folder["plugs/A"]} and {_folder["plugs/B"]}. Remove all but one", why);
    }

    [Fact]
    public void APluginWithoutDbTypesIsForAllOtherDbTypes()
    {
        _folder.CopyPlugin("Memory", "plugs/A");
        _folder.Write("plugs/Any/plugin.json", """{"name": "Any", "version": "2", "assembly": "Any.dll", "modules": ["items_service"]}""");
        var folders = PluginFolders.Scan(_folder["plugs"], [], PluginPins.None);

        Assert.Equal("TestPlugins.Memory", folders.Find("items_service", "memory", out _)!.Name);
        Assert.Equal("Any", folders.Find("items_service", "mysql", out _)!.Name);
    }

    [Fact]
    public async Task TwoServicesOfOnePluginShareItsLoadContext()
    {
        _folder.Write("my.json", """
            {"services": [
              {"name": "one", "module": "items_service", "config": {"db_type": "memory"}},
              {"name": "two", "module": "items_service", "config": {"db_type": "memory"}}]}
            """);
        using var installation = Installation.Read(_folder["my.json"], TempFolder.TestPlugins, listen: false);
        var plugins = NewPlugins();
        var sources = installation.Plans.Select(plan => plan.Load(plugins, NullLoggerFactory.Instance).Source!).ToArray();
        await using var one = sources[0].Create();
        await using var two = sources[1].Create();
        await one.OpenAsync(sources[0].Context, default);
        await two.OpenAsync(sources[1].Context, default);

        Assert.Same(one.GetType(), two.GetType());
        Assert.Equal(2, one.GetType().GetProperty("Opened")!.GetValue(null)); // a static of the plugin
        var context = AssemblyLoadContext.GetLoadContext(one.GetType().Assembly);
        Assert.NotSame(AssemblyLoadContext.Default, context);
        Assert.Same(AssemblyLoadContext.Default, AssemblyLoadContext.GetLoadContext(typeof(IItemService).Assembly));
    }

    private Installation Read(string config)
    {
        _folder.Write("my.json", $$"""{"services": [{"name": "items", "module": "items_service", "config": {{config}}}]}""");
        return Installation.Read(_folder["my.json"], TempFolder.TestPlugins, listen: false);
    }

    private ServicePlan Plan(string config)
    {
        using var installation = Read(config);
        Assert.Empty(installation.Mistakes);
        return installation.Plans[0].Load(NewPlugins(), NullLoggerFactory.Instance);
    }

    private PluginHost NewPlugins() => new(new(_folder["cache"]));
}
