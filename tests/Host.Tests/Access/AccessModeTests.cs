using SharedState.Host.Access;

namespace SharedState.Host.Tests.Access;

/// <summary><c>sharedstate access</c>, and what <c>--check</c> says of rules.</summary>
public sealed class AccessModeTests : IDisposable
{
    private const string Rules = """
        [{"path": "/a/items/{board}", "who": {"boards": {"$in": ["{board}"]}}, "read": true, "write": {"author": "{sub}"}},
         {"path": "/news/items/*", "who": "anyone", "read": {"published": true}, "insert": {"by": "{role}"}},
         {"path": "/set/items/{usr}", "who": "user", "read": {"by": "{user}"}, "insert": true, "set": {"by": "{sub}", "role": ["{team}"]},
          "update": {"a": "x{boards}"}, "remove": {"a": {"$in": "{role}"}}},
         {"path": "/who/**", "who": {"org.team": "{team}"}, "list": true}]
        """;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("ssk_ann", "update", "/a/items/b1", """{"id":"1","author":"ann"}""", 0, "rules[0] /a/items/{board}: allows it")]
    [InlineData("ssk_ann", "update", "/a/items/b2", """{"id":"1","author":"ann"}""", 1, "rules[0] /a/items/{board}: its \"who\" does not hold for the claims")]
    [InlineData("ssk_ann", "update", "/a/items/b1", """{"id":"1","author":"bob"}""", 1, "rules[0] /a/items/{board}: its \"update\" does not hold for the item: {\"author\":")]
    [InlineData("anonymous", "read", "/a/items/b1", "{}", 1, "rules[0] /a/items/{board}: is not for anonymous clients")]
    [InlineData("anonymous", "insert", "/news/items/x", "{}", 1, "rules[1] /news/items/*: its \"insert\" needs {role}, which has no value")]
    [InlineData("ssk_ann", "insert", "/set/items/x", "{}", 1, "rules[2] /set/items/{usr}: its \"set.role\" needs {team}, which has no value")]
    [InlineData("ssk_ann", "update", "/set/items/x", "{}", 1, "rules[2] /set/items/{usr}: its \"update\" needs {boards}, whose value is a list")]
    [InlineData("ssk_ann", "remove", "/set/items/x", "{}", 1, "rules[2] /set/items/{usr}: its \"remove\" cannot hold: remove.a.$in: a list of values is needed")]
    [InlineData("ssk_ann", "read", "/set/items/x", "{}", 1, "  access.rules[2] (/set/items/{usr}): {user} is a claim, and not the segment {usr}")]
    [InlineData("ssk_ann", "list", "/who/items", null, 1, "rules[3] /who/**: its \"who\" needs {team}, which has no value")]
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
    [InlineData("""{"path": "/a/other/*", "who": "user", "read": true}""", "access.rules[0] (/a/other/*) can never match: there is no service \"other\"; the services are items")]
    [InlineData("""{"path": "/a", "who": "user", "list": true}""", "can never match: no request has a path of one segment")]
    [InlineData("""{"path": "/a/items", "who": "user", "read": true}""", "can never match: the path of a collection has three segments")]
    [InlineData("""{"path": "/a/items/x", "who": "user", "list": true}""", "can never match: \"list\" is for /, and for /app/service")]
    [InlineData("""{"path": "/a/items/x", "who": "user"}""", "can never match: it allows nothing")]
    [InlineData("""{"path": "/a/items/x", "who": "anyone", "insert": {"a": 1}}""", "access.rules[0] (/a/items/x): anyone may write there")]
    [InlineData("""{"path": "/**", "who": "user", "read": true, "write": true, "list": true}""", null)]
    [InlineData("""{"path": "/notes/{usr}/**", "who": "user", "read": {"owner": "{user}"}}""", "access.rules[0] (/notes/{usr}/**): {user} is a claim, and not the segment {usr} of the path")]
    [InlineData("""{"path": "/a/items/{board}", "who": {"boards": "{baord}"}, "read": true}""", "{baord} is a claim, and not the segment {board}")]
    [InlineData("""{"path": "/a/items/{board}", "who": {"boards": "{board}"}, "insert": true, "set": {"b": ["{bord}"]}}""", "{bord} is a claim")]
    [InlineData("""{"path": "/a/items/*", "who": "user", "read": {"owner": "{Sub}"}}""", "{Sub} is a claim; write {sub} for the user")]
    [InlineData("""{"path": "/a/items/*", "who": "user", "insert": true, "set": {"at": "{NOW}"}}""", "{NOW} is a claim; write {now} for the time")]
    [InlineData("""{"path": "/a/items/{board}", "who": {"boards": "{board}"}, "read": {"board": {"$in": "{boards}"}}}""", null)] // both are meant
    [InlineData("""{"path": "/a/items/{board}", "who": "user", "read": {"by": "{sub}", "team": "{org.team}"}}""", null)] // a name for readers
    [InlineData("""{"path": "/{org}/items/*", "who": "user", "read": {"tag": "{tag}", "id": "{sid}"}}""", null)]
    public void SuspiciousRulesAreReported(string rule, string? remark)
    {
        var remarks = RuleRemarks.Of(TestRules.Read($"\"rules\": [{rule}]"), ["items"]);
        if (remark is null) Assert.Empty(remarks);
        else Assert.Contains(remark, Assert.Single(remarks), StringComparison.Ordinal);
    }

    [Fact]
    public void AConfigurationWithoutRulesOrWithoutUsersIsReported()
    {
        Assert.Equal(["access: nobody may do anything, because it has no \"rules\""], RuleRemarks.Of(TestIssuer.Config, ["items"]));
        var config = TestRules.Of() with { Keys = [] };
        Assert.Equal(
            ["access.rules[0] (/**) can never match: nobody is a user, because \"access\" has neither \"tokens\" nor \"keys\""],
            RuleRemarks.Of(config, ["items"]));
        Assert.Empty(RuleRemarks.Of(config with { Issuers = TestIssuer.Config.Issuers }, ["items"]));
    }

    private void Write(string rules)
    {
        var keys = $$"""[{"name": "ann", "sha256": "{{ApiKey.HashOf("ssk_ann")}}", "claims": {{TestRules.Users["ann"]}}}]""";
        _folder.Write(
            "my.json",
            $$"""{"access": {"keys": {{keys}}, "rules": {{rules}} }, "services": [{"name": "items", "module": "items_service"}]}""");
    }
}
