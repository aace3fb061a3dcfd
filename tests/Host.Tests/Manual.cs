namespace SharedState.Host.Tests;

/// <summary>The files and commands of docs/OPERATING.md.</summary>
public static class Manual
{
    private const string Fence = "\n```";

    /// <summary>Returns the text of a block, named by the word after its fence.</summary>
    public static string Block(string name)
    {
        var text = File.ReadAllText(Repository.At("docs", "OPERATING.md"));
        var fence = text.IndexOf($"{Fence}{name}\n", StringComparison.Ordinal);
        if (fence < 0) throw new InvalidOperationException($"OPERATING.md has no block {name}");
        var begin = fence + Fence.Length + name.Length + 1;
        return text[begin..(text.IndexOf(Fence, begin, StringComparison.Ordinal) + 1)];
    }
}
