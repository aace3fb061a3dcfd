using SharedState.Host.Access;

namespace SharedState.Host.Tests.Access;

/// <summary><c>sharedstate access</c>, and what <c>--check</c> says of rules.</summary>
public sealed class AccessModeTests : IDisposable
{
    private const string Rules = """
        [{"path": "/a/items/{board}", "who": {"boards": {"$in": ["{board}"]}}, "read": true, "write": {"author": "{sub}"}},
         {"path": "/news/items/*", "who": "anyone", "read": {"published": true}, "insert": {"by": "{role}"}}]
        """;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("ssk_ann", "update", "/a/items/b1", """{"id":"1","author":"ann"}""", 0, "rules[0] /a/items/{board}: allows it")]
    [InlineData("ssk_ann", "update", "/a/items/b2", """{"id":"1","author":"ann"}""", 1, "rules[0] /a/items/{board}: its \"who\" does not hold for the claims")]
    [InlineData("ssk_ann", "update", "/a/items/b1", """{"id":"1","author":"bob"}""", 1, "rules[0] /a/items/{board}: its \"update\" does not hold for the item: {\"author\":")]
    [InlineData("anonymous", "read", "/a/items/b1", "{}", 1, "rules[0] /a/items/{board}: is not for anonymous clients")]
    [InlineData("anonymous", "insert", "/news/items/x", "{}", 1, "rules[1] /news/items/*: its \"insert\" needs {role}, which has no value")]
    [InlineData("anonymous", "read", "/news/items/x", """{"published":true}""", 0, "rules[0] /a/items/{board}: is not for this path")]
    [InlineData("anonymous", "list", "/", null, 1, "rules[1] /news/items/*: is not for this path")]
    [InlineData("ssk_no", "list", "/", null, 2, "the token is not valid: no API key has its hash.")]
    [InlineData("ssk_ann", "write", "/", null, 2, "--op is one of read, insert, update, remove, reset, list")]
    [InlineData("ssk_ann", "read", "/a/items/b1", null, 2, "--op read needs an item: --item FILE")]
    [InlineData("ssk_ann", "read", "/items/b1", "{}", 2, "--path: a collection's path has three segments, /app/service/collection; this one has 2")]
    [InlineData("ssk_ann", "list", "/a/items/b1", null, 2, "--path: --op list is for / and for /app/service; this path has 3 segments")]
    [InlineData("ssk_ann", "read", "/a/itms/b1", "{}", 2, "--path: no service is named itms; the services are items")]
    public async Task AnOperationIsExplainedRuleByRule(string client, string verb, string path, string? item, int code, string line)
    {
        Write(Rules);
        string[] arguments = ["access", _folder["my.json"], "--as", client, "--op", verb, "--path", path];
        if (item is not null)
        {
            _folder.Write("item.json", item);
            arguments = [.. arguments, "--item", _folder["item.json"]];
        }
        var output = new StringWriter();
        Assert.Equal(code, await AccessMode.RunAsync(arguments, output, output));
        Assert.Contains(line, output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"path": "/a/other/*", "who": "user", "read": true}""", "access.rules[0] (/a/other/*) can never match: there is no service \"other\"")]
    [InlineData("""{"path": "/a", "who": "user", "list": true}""", "can never match: no request has a path of one segment")]
    [InlineData("""{"path": "/a/items", "who": "user", "read": true}""", "can never match: the path of a collection has three segments")]
    [InlineData("""{"path": "/a/items/x", "who": "user", "list": true}""", "can never match: \"list\" is for /, and for /app/service")]
    [InlineData("""{"path": "/a/items/x", "who": "user"}""", "can never match: it allows nothing")]
    [InlineData("""{"path": "/a/items/x", "who": "anyone", "insert": {"a": 1}}""", "access.rules[0] (/a/items/x): anyone may write there")]
    [InlineData("""{"path": "/**", "who": "user", "read": true, "write": true, "list": true}""", null)]
    public void SuspiciousRulesAreReported(string rule, string? remark)
    {
        var remarks = RuleRemarks.Of(TestRules.Read($"\"rules\": [{rule}]").Rules, ["items"]);
        if (remark is null) Assert.Empty(remarks);
        else Assert.Contains(remark, Assert.Single(remarks), StringComparison.Ordinal);
    }

    private void Write(string rules)
    {
        var keys = $$"""[{"name": "ann", "sha256": "{{ApiKey.HashOf("ssk_ann")}}", "claims": {{TestRules.Users["ann"]}}}]""";
        _folder.Write(
            "my.json",
            $$"""{"access": {"keys": {{keys}}, "rules": {{rules}} }, "services": [{"name": "items", "module": "items_service"}]}""");
    }
}
