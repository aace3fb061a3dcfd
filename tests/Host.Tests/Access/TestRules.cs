using SharedState.Host.Access;
using SharedState.Host.JsonFiles;

namespace SharedState.Host.Tests.Access;

/// <summary>Configurations with rules and with users that have API keys: <c>ssk_</c> and the name.</summary>
internal static class TestRules
{
    /// <summary>Users by their names, each with claims.</summary>
    public static readonly IReadOnlyDictionary<string, string> Users = new Dictionary<string, string>
    {
        ["root"] = """{"root":true}""",
        ["ann"] = """{"role":"a","boards":["b1"],"friends":["bob"],"org":{"team":"x"}}""",
        ["bob"] = """{"role":"b","boards":["b1","b2"],"friends":[],"org":{"team":"y"}}""",
        ["cyd"] = """{"boards":"b2"}""",
    };

    /// <summary>The rules, and one by which <c>root</c> may do everything.</summary>
    public static AccessConfig Of(params IEnumerable<string> rules)
    {
        string[] all = [.. rules, """{"path": "/**", "who": {"root": true}, "read": true, "write": true, "reset": true, "list": true}"""];
        return Read($"\"rules\": [{string.Join(", ", all)}]");
    }

    /// <summary>A configuration with these fields of <c>access</c> and the keys of the users.</summary>
    public static AccessConfig Read(string fields, TempFolder? folder = null)
    {
        using var own = new TempFolder();
        var at = folder ?? own;
        var keys = Users.Select(
            user => $$"""{"name": "{{user.Key}}", "sha256": "{{ApiKey.HashOf($"ssk_{user.Key}")}}", "claims": {{user.Value}}}""");
        at.Write("rules.json", $$"""{"access": {"keys": [{{string.Join(", ", keys)}}], {{fields}} } }""");
        var file = JsonFile.Read(at["rules.json"]);
        var config = AccessConfig.Read(file, new(file, file.Root), new(null, null));
        Assert.Empty(file.Mistakes);
        return config!;
    }
}
