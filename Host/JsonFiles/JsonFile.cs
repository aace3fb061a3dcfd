using System.Security.Cryptography;
using System.Text.Json;

namespace SharedState.Host.JsonFiles;

/// <summary>A JSON file that is being read, and the mistakes that were found in it so far.</summary>
internal sealed class JsonFile
{
    /// <summary>Far more than any configuration has, and little enough to be read twice a second.</summary>
    public const int MostBytes = 16 << 20;

    /// <summary>A file that a value refers to holds a password or the like.</summary>
    private const int MostTextBytes = 1 << 20;

    private readonly List<Mistake> _mistakes = [];
    private readonly HashSet<string> _paths = [];

    private readonly bool _plain;

    private JsonFile(string name, bool plain)
    {
        (Name, _plain) = (name, plain);
        FullPath = Path.GetFullPath(name);
        Directory = Path.GetDirectoryName(FullPath)!;
    }

    /// <summary>The file as the operator named it.</summary>
    public string Name { get; }

    public string FullPath { get; }

    /// <summary>The base of relative paths in the file.</summary>
    public string Directory { get; }

    /// <summary>The root value; null if the file could not be read. Then there is a mistake that says why.</summary>
    public JsonNode? Root { get; private set; }

    /// <summary>SHA-256 of the content that was read; empty if the file could not be read.</summary>
    public string ContentHash { get; private set; } = "";

    /// <summary>The mistakes, from the top of the file to the bottom.</summary>
    public IEnumerable<Mistake> Mistakes => _mistakes.OrderBy(mistake => mistake.Place?.Line).ThenBy(mistake => mistake.Place?.Column);

    /// <summary>The absolute paths of the files and folders that the file names and that were looked up.</summary>
    public IEnumerable<string> Paths => _paths;

    public static JsonFile Read(string name) => Read(new(name, plain: false), MostBytes);

    /// <summary>
    /// Reads a file that somebody else has written. A reference in it is a mistake: it could name any file that this user may read.
    /// </summary>
    public static JsonFile ReadPlain(string name, int mostBytes) => Read(new(name, plain: true), mostBytes);

    private static JsonFile Read(JsonFile file, int mostBytes)
    {
        try
        {
            var utf8 = SmallFile.Read(file.FullPath, mostBytes);
            file.ContentHash = Convert.ToHexStringLower(SHA256.HashData(utf8));
            if (utf8.AsSpan().Trim(" \t\r\n"u8).IsEmpty) file.Add(null, "", "the file is empty; it should hold a JSON object");
            else if (IsUtf16(utf8)) file.Add(null, "", "the file is in UTF-16, and must be in UTF-8; save it as UTF-8");
            else file.Root = JsonTree.Read(utf8, (place, path, sentence) => file.Add(place, path, sentence));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            file.Add(null, "", $"the file cannot be read: {Reason(e)}");
        }
        return file;
    }

    public void Add(Place? place, string path, string sentence) => _mistakes.Add(new(Name, place, path, sentence));

    public void Add(JsonNode node, string sentence) => Add(node.Place, node.Path, sentence);

    /// <summary>
    /// The text that <c>{"env":"NAME"}</c> or <c>{"file":"path"}</c> refers to, without one line break at the end of a file; any other
    /// node itself; null after a mistake, and a manifest's reference is one.
    /// </summary>
    public JsonNode? Resolve(JsonNode node)
    {
        if (!IsReference(node)) return node;
        if (_plain)
        {
            Add(node, "a manifest takes plain values only, no {\"file\": ..} and no {\"env\": ..}; write the value itself");
            return null;
        }
        var target = node.Fields[0].Value;
        var text = node.Fields[0].Name == "env" ? ReadVariable(target) : ReadText(target);
        return text is null ? null : node.Resolved(text);
    }

    public static bool IsReference(JsonNode node) =>
        node is { Kind: JsonValueKind.Object, Fields: [{ Name: "env" or "file", Value.Kind: JsonValueKind.String }] };

    /// <summary>The absolute form of a path in this file.</summary>
    public string Absolute(string path)
    {
        var absolute = Path.GetFullPath(path, Directory);
        _paths.Add(absolute);
        return absolute;
    }

    /// <summary>Whether a file begins with a mark of UTF-16, or with an ASCII character of two bytes, as every JSON file does.</summary>
    private static bool IsUtf16(ReadOnlySpan<byte> bytes) =>
        bytes is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..] or [0, not 0, ..] or [not 0, 0, ..];

    private string? ReadVariable(JsonNode name)
    {
        var text = Environment.GetEnvironmentVariable(name.Text);
        if (text is null) Add(name, $"the environment has no variable \"{name.Text}\"; set it before the start");
        return text;
    }

    private string? ReadText(JsonNode path)
    {
        try
        {
            using var content = new StreamReader(new MemoryStream(SmallFile.Read(Absolute(path.Text), MostTextBytes)));
            var text = content.ReadToEnd();
            return text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2] : text.EndsWith('\n') ? text[..^1] : text;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            Add(path, $"the file {path.Text} cannot be read: {Reason(e)}");
            return null;
        }
    }

    /// <summary>Why a file could not be used, without its path.</summary>
    public static string Reason(Exception e) => e switch
    {
        FileNotFoundException or DirectoryNotFoundException => "there is no such file",
        UnauthorizedAccessException => "access is denied",
        _ => e.Message,
    };
}
