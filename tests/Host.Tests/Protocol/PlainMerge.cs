using System.Text.Json.Nodes;

namespace SharedState.Host.Tests.Protocol;

/// <summary>RFC 7396 as its pseudocode has it, on objects.</summary>
internal static class PlainMerge
{
    public static string Merge(string target, string patch) =>
        Merge(JsonNode.Parse(target), JsonNode.Parse(patch))?.ToJsonString() ?? "null";

    /// <summary>Whether two documents are equal, also in the order of their members.</summary>
    public static bool Same(string left, string right) => JsonNode.Parse(left)!.ToJsonString() == JsonNode.Parse(right)!.ToJsonString();

    private static JsonNode? Merge(JsonNode? target, JsonNode? patch)
    {
        if (patch is not JsonObject members) return patch?.DeepClone();
        var merged = target is JsonObject ? target.DeepClone().AsObject() : [];
        foreach (var (name, value) in members)
        {
            if (value is null) merged.Remove(name);
            else merged[name] = Merge(merged[name], value);
        }
        return merged;
    }
}
