using SharedState.Host.Diagnostics;

namespace SharedState.Host.JsonFiles;

/// <summary>A mistake in a file, as one sentence with its place.</summary>
/// <param name="File">The file, as the operator named it.</param>
/// <param name="Place">The place in the file; null if the mistake concerns the whole file.</param>
/// <param name="Path">The place in the tree, such as <c>service.port</c>; empty for the root.</param>
/// <param name="Sentence">The mistake and its remedy, without values from the environment or from other files.</param>
internal sealed record Mistake(string File, Place? Place, string Path, string Sentence)
{
    public override string ToString()
    {
        var place = Place is { } at ? $"{File}:{at.Line}:{at.Column}" : File;
        return Printable.Text(Path.Length == 0 ? $"{place}: {Sentence}" : $"{place} {Path}: {Sentence}");
    }
}
