using SharedState.Host.Diagnostics;

namespace SharedState.Host.Configuration;

/// <summary>One thing that is wrong in a file, as one sentence with its place.</summary>
/// <param name="File">The file, as the operator named it.</param>
/// <param name="Place">Where in the file; null when it concerns the file as a whole.</param>
/// <param name="Path">Where in the tree, such as <c>service.port</c>; empty for the root.</param>
/// <param name="Sentence">What is wrong and what would be right. Never a value that came from the environment or a file.</param>
internal sealed record Mistake(string File, Place? Place, string Path, string Sentence)
{
    public override string ToString()
    {
        var place = Place is { } at ? $"{File}:{at.Line}:{at.Column}" : File;
        return Printable.Text(Path.Length == 0 ? $"{place}: {Sentence}" : $"{place} {Path}: {Sentence}");
    }
}
