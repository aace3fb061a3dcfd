using System.Text.Json;
using SharedState.Host.JsonFiles;

namespace SharedState.Host.Plugins;

/// <summary>
/// The <c>pins</c> of the configuration: the SHA-256 hashes of the content that each plugin may have. Without pins, any content may run.
/// </summary>
internal sealed class PluginPins
{
    /// <summary>No pins: any content may run.</summary>
    public static readonly PluginPins None = new(null, []);

    private readonly JsonFile? _file;
    private readonly List<(JsonField Field, string[] Hashes)> _pins;

    private PluginPins(JsonFile? file, List<(JsonField Field, string[] Hashes)> pins) => (_file, _pins) = (file, pins);

    /// <summary>Whether only pinned content may run.</summary>
    public bool AreSet => _file is not null;

    public static PluginPins Read(JsonFile file, JsonFields root)
    {
        if (root.Object("pins").Node is not { Kind: JsonValueKind.Object } node) return None;
        return new(file, [.. node.Fields.Select(field => (field, ReadHashes(file, field.Value).ToArray()))]);
    }

    /// <summary>The reason why a plugin with this content may not run; null if it may.</summary>
    public PluginFault? Find(string plugin, string contentHash)
    {
        if (!AreSet) return null;
        var pins = _pins.Where(pin => pin.Field.Name == plugin).ToArray();
        if (pins.SelectMany(pin => pin.Hashes).Contains(contentHash)) return null;
        var pin = $"\"{plugin}\": \"{contentHash}\"";
        return pins.Length == 0
            ? new("is not one of those in \"pins\"", $"To trust it, add {pin} to \"pins\"")
            : new(
                "has other content than \"pins\" says",
                $"Restore the pinned content, or to trust the new content, write {pin} in \"pins\"");
    }

    /// <summary>Checks that a plugin may run.</summary>
    /// <param name="manifest">The plugin.</param>
    /// <param name="contentHash">The hash of the copy that will be loaded, not of the folder, which may change at any time.</param>
    /// <exception cref="PluginException">The plugin may not run.</exception>
    public void Check(PluginManifest manifest, string contentHash)
    {
        if (Find(manifest.Name, contentHash) is { } fault) throw fault.Of(manifest);
    }

    /// <summary>
    /// Pins of plugins that are not installed. They are allowed, because a pin may precede its plugin, but may be typing errors.
    /// </summary>
    public IReadOnlyList<Mistake> Strays(PluginFolders folders)
    {
        var installed = folders.Manifests.Select(manifest => manifest.Name).Distinct().ToArray();
        return [.. _pins.Where(pin => !installed.Contains(pin.Field.Name)).Select(pin =>
            new Mistake(
                _file!.Name, pin.Field.Place, pin.Field.Value.Path,
                $"no plugin of this name is installed; {Spelling.Hint(pin.Field.Name, installed)}"))];
    }

    private static IEnumerable<string> ReadHashes(JsonFile file, JsonNode written)
    {
        foreach (var item in written.Kind == JsonValueKind.Array ? written.Items : [written])
        {
            if (file.Resolve(item) is not { } node) continue;
            if (node is { Kind: JsonValueKind.String, Text.Length: 64 } && node.Text.All(char.IsAsciiHexDigit))
                yield return node.Text.ToLowerInvariant();
            else file.Add(
                node, "must be the SHA-256 of a plugin's content (64 hex digits, as --plugins shows it), or a list of such hashes");
        }
    }
}
