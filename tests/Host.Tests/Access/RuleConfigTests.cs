using SharedState.Host.Access;
using SharedState.Host.JsonFiles;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Access;

/// <summary>Rules and schemas of the configuration: their mistakes, and what they mean.</summary>
public sealed class RuleConfigTests : IDisposable
{
    private const string Schema = """
        {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://example.org/note", "type": "object",
         "properties": {"text": {"type": "string", "maxLength": 5}, "tags": {"items": {"type": "string"}}}, "required": ["text"]}
        """;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("1", "access.rules[0]: must be an object, not a number")]
    [InlineData("""{"who": "user"}""", "access.rules[0]: \"path\" is missing")]
    [InlineData("""{"path": "/a/b/c"}""", "access.rules[0]: \"who\" is missing")]
    [InlineData("""{"path": "a/b/c", "who": "user"}""", "access.rules[0].path: must begin with a slash")]
    [InlineData("""{"path": "/a//c", "who": "user"}""", "access.rules[0].path: has an empty segment")]
    [InlineData("""{"path": "/a/b/c/d", "who": "user"}""", "access.rules[0].path: has 4 segments")]
    [InlineData("""{"path": "/a/**/c", "who": "user"}""", "access.rules[0].path: has ** before its end")]
    [InlineData("""{"path": "/a/b/x*", "who": "user"}""", "access.rules[0].path: has x*; *, {name} and ** stand for whole segments")]
    [InlineData("""{"path": "/a/b/{sub}", "who": "user"}""", "access.rules[0].path: has the name {sub}, which has a meaning of its own; use another one, like {user}, with \"who\": {\"sub\": \"{user}\"}")]
    [InlineData("""{"path": "/a/{x}/{x}", "who": "user"}""", "access.rules[0].path: has the name {x} twice")]
    [InlineData("""{"path": "/**", "who": "all"}""", "access.rules[0].who: must be \"anyone\", \"user\" or a condition on the claims")]
    [InlineData("""{"path": "/**", "who": {"a": {"$is": 1}}}""", "access.rules[0].who.a")]
    [InlineData("""{"path": "/**", "who": "user", "read": 1}""", "access.rules[0].read: must be true or a condition on the item")]
    [InlineData("""{"path": "/**", "who": "user", "read": {"a": {"$in": 1}}}""", "access.rules[0].read.a.$in")]
    [InlineData("""{"path": "/**", "who": "user", "read": {"a": "{now}"}}""", "access.rules[0].read: must not depend on {now}")]
    [InlineData("""{"path": "/**", "who": "user", "write": true, "insert": true}""", "access.rules[0].write: stands for")]
    [InlineData("""{"path": "/**", "who": "user", "insert": true, "set": {"id": 1}}""", "access.rules[0].set.id: the id of an item")]
    [InlineData("""{"path": "/**", "who": "user", "insert": true, "set": 1}""", "access.rules[0].set: must be an object")]
    [InlineData("""{"path": "/**", "who": "user", "write": "{sub}", "set": {"a": 1}}""", "access.rules[0].write: must be true or a condition")]
    [InlineData("""{"path": "/**", "who": "user", "read": true, "set": {"a": 1}}""", "access.rules[0].set: sets fields of written items")]
    [InlineData("""{"path": "/**", "who": "user", "reads": true}""", "access.rules[0].reads: unknown field; did you mean \"read\"?")]
    public void AMistakeInARuleNamesItsPlace(string rule, string expected) =>
        Assert.Contains(expected, Assert.Single(Mistakes($"\"rules\": [{rule}]")), StringComparison.Ordinal);

    [Theory]
    [InlineData("""{"path": "/**", "schema": "no.json"}""", "access.schemas[0].schema: no.json is no JSON Schema: there is no such file")]
    [InlineData("""{"path": "/**", "schema": "bad.json"}""", "access.schemas[0].schema: bad.json is no JSON Schema: ")]
    public void AMistakeInASchemaNamesItsPlace(string schema, string expected)
    {
        _folder.Write("bad.json", "{");
        Assert.Contains(expected, Assert.Single(Mistakes($"\"schemas\": [{schema}]")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnItemThatDoesNotSatisfyItsSchemaIsRefusedWithThePlace()
    {
        _folder.Write("note.json", Schema);
        const string Fields = """
            "rules": [{"path": "/a/items/*", "who": "user", "read": true, "write": true}], "schemas": [{"path": "/a/items/c", "schema": "note.json"}]
            """;
        await using var host = await LiveHost.StartAsync(access: TestRules.Read(Fields, _folder));
        await using var client = await Client.ConnectAsync(host.Url);
        await client.PutAsync("/auth", """{"token":"ssk_ann"}""");
        async Task<string?> MistakeAsync(string update, string path = "/a/items/c")
        {
            var error = (await client.PutAsync(path, update))["error"];
            return error is null ? null : $"{error["code"]}: {error["message"]}";
        }
        Assert.Null(await MistakeAsync("""{"insert":[{"id":"1","text":"a"}]}"""));
        Assert.Null(await MistakeAsync("""{"insert":[{"id":"1"}]}""", "/a/items/other"));
        Assert.StartsWith("bad_request: the item \"2\" does not satisfy its schema: /text: ",
            await MistakeAsync("""{"insert":[{"id":"3","text":"a"},{"id":"2","text":1}]}"""));
        Assert.StartsWith("bad_request: the item \"1\" does not satisfy its schema: /tags/1: ",
            await MistakeAsync("""{"patch":[{"id":"1","tags":["a",2]}]}"""));
        Assert.StartsWith("bad_request: the item \"2\" does not satisfy its schema: the item itself: ", await MistakeAsync("""{"insert":[{"id":"2"}]}"""));
        Assert.Equal("""[{"id":"1","text":"a"}]""", (await client.GetAsync("/a/items/c"))["data"]!.ToJsonString());
    }

    [Fact]
    public void AnItemMustSatisfyAllSchemasOfItsPath()
    {
        _folder.Write("note.json", Schema);
        _folder.Write("signed.json", """{"required": ["by"]}""");
        var config = TestRules.Read("""
            "rules": [{"path": "/**", "who": "user", "read": true, "write": true}],
            "schemas": [{"path": "/a/items/*", "schema": "note.json"}, {"path": "/**", "schema": "signed.json"}]
            """, _folder);
        var ann = config.Keys.First(key => key.Identity.User == "ann").Identity;
        string? MistakeIn(string item) => config.Rules.At(ann, "a", "items", "c").WritesAt(default)!.Check!(System.Text.Encoding.UTF8.GetBytes(item));
        Assert.Null(MistakeIn("""{"text":"a","by":"ann"}"""));
        Assert.Contains("text", MistakeIn("""{"by":"ann"}"""), StringComparison.Ordinal);
        Assert.Contains("by", MistakeIn("""{"text":"a"}"""), StringComparison.Ordinal);
    }

    [Fact]
    public void AChangeOfARuleOrOfASchemaIsAChangeOfTheConfiguration()
    {
        _folder.Write("note.json", Schema);
        string Fingerprint(string read) => TestRules.Read(
            $$"""
            "rules": [{"path": "/**", "who": "user", "read": {{read}}}], "schemas": [{"path": "/a/items/*", "schema": "note.json"}]
            """, _folder).Fingerprint;
        var before = Fingerprint("true");
        Assert.Equal(before, Fingerprint("true"));
        Assert.NotEqual(before, Fingerprint("{\"a\": 1}"));
        _folder.Write("note.json", Schema.Replace("5", "6", StringComparison.Ordinal));
        Assert.NotEqual(before, Fingerprint("true"));
    }

    [Theory]
    [InlineData("/**", "/a/b/c", true)]
    [InlineData("/**", "/", true)]
    [InlineData("/", "/", true)]
    [InlineData("/a/**", "/a/b", true)]
    [InlineData("/a/b/**", "/a/b", true)]
    [InlineData("/a/b/c/**", "/a/b/c", true)]
    [InlineData("/a/*", "/a/b/c", false)]
    [InlineData("/a/*/c", "/a/b/c", true)]
    [InlineData("/a/b/c", "/A/b/c", false)]
    [InlineData("/{x}/b/{y}", "/a/b/c", true)]
    public void APatternMatchesWholeSegments(string pattern, string path, bool matches) =>
        Assert.Equal(
            matches, PathPattern.Parse(pattern, out _)!.Matches(path.Split('/', StringSplitOptions.RemoveEmptyEntries), out _));

    [Fact]
    public void WhoeverMayReadAndWriteEverythingNeedsNoJudgement()
    {
        var config = TestRules.Of(
            """{"path": "/a/items/*", "who": "user", "read": true, "write": true}""",
            """{"path": "/a/items/c", "who": "user", "insert": true, "set": {"x": 1}}""");
        var ann = config.Keys.First(key => key.Identity.User == "ann").Identity;
        Assert.Null(config.Rules.At(ann, "a", "items", "c").WritesAt(default));
        Assert.Equal("", config.Rules.At(ann, "a", "items", "c").Tag);
        Assert.False(config.Rules.At(Identity.Anonymous, "a", "items", "c").Write);
    }

    private string[] Mistakes(string fields)
    {
        _folder.Write("my.json", $$"""{"access": { {{fields}} } }""");
        var file = JsonFile.Read(_folder["my.json"]);
        AccessConfig.Read(file, new(file, file.Root), new(null, null));
        return [.. file.Mistakes.Select(mistake => mistake.ToString())];
    }
}
