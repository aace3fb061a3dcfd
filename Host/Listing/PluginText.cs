using System.Text;
using SharedState.Host.Diagnostics;

namespace SharedState.Host.Listing;

/// <summary>The list of plugins for people: a paragraph for each plugin, and a last line with the counts.</summary>
/// <param name="width">The width of the lines.</param>
/// <param name="colours">Whether to colour the status.</param>
internal sealed class PluginText(int width, bool colours)
{
    /// <summary>The column of a plugin's name and of its details.</summary>
    private const int Indent = 10;

    private const int LabelWidth = 10;

    /// <summary>The least width of a description, even if lines become too long: a narrower one would have one word per line.</summary>
    private const int LeastText = 30;

    private readonly StringBuilder _text = new();

    public string Write(PluginList list)
    {
        foreach (var plugin in list.Plugins) Add(plugin, list.Contract);
        foreach (var service in list.WithoutPlugin)
        {
            AddHead("refused", $"service {service.Name}");
            AddLine("reason", $"{service.Reason}.");
            _text.Append('\n');
        }
        var counts = list.Plugins.CountBy(plugin => plugin.Status)
            .OrderBy(count => count.Key != "ok").ThenBy(count => count.Key).Select(count => $"{count.Value} {count.Key}");
        _text.Append(
            $"{list.Plugins.Count} plugin{(list.Plugins.Count == 1 ? "" : "s")} in {Printable.Text(string.Join(", ", list.Folders))}");
        if (list.Plugins.Count > 0) _text.Append($": {string.Join(", ", counts)}");
        return _text.Append('\n').ToString();
    }

    private void Add(ListedPlugin plugin, string contract)
    {
        AddHead(plugin.Status, plugin.Title);
        if (plugin.Complaint is { } complaint)
        {
            AddLine("reason", $"It {complaint.Reason}.");
            AddLine("fix", $"{complaint.Fix}.");
        }
        AddLine("folder", plugin.Folder);
        if (plugin.Contract is not null)
            AddLine("contract", plugin.Contract == contract ? contract : $"{plugin.Contract} (this host: {contract})");
        var types = plugin.DbTypes.Count == 0 ? "any other db_type" : string.Join(", ", plugin.DbTypes);
        if (plugin.Modules.Count > 0) AddLine("serves", $"{string.Join(", ", plugin.Modules)}: {types}");
        AddLine("used by", plugin.Services.Count == 0 ? "no service" : string.Join(", ", plugin.Services.Select(Describe)));
        if (plugin.Sha256 is not null) AddLine("sha-256", plugin.Pinned is true ? $"{plugin.Sha256} (pinned)" : plugin.Sha256);
        foreach (var remark in plugin.Remarks) AddLine("remark", $"It {remark}.");
        if (plugin.Version is not null) AddKeys(plugin.Config);
        _text.Append('\n');
    }

    private static string Describe(ListedService service) =>
        service.State is null ? service.Name : $"{service.Name} ({service.State.Replace('_', ' ')})";

    private void AddKeys(IReadOnlyList<ListedKey>? keys)
    {
        if (keys is null)
        {
            AddLine("config", "any keys; the plugin checks them itself");
            return;
        }
        var used = keys.Where(key => !key.Ignored).Select(key => (key.Key, Type: Describe(key), key.Description)).ToArray();
        if (used.Length == 0) AddLine("config", "no keys");
        var nameWidth = used.Select(key => key.Key.Length).DefaultIfEmpty().Max() + 2;
        var typeWidth = used.Select(key => key.Type.Length).DefaultIfEmpty().Max() + 2;
        foreach (var (name, type, description) in used)
        {
            var start = Indent + LabelWidth + nameWidth + typeWidth;
            var label = name == used[0].Key ? "config" : "";
            var head = $"{new string(' ', Indent)}{label,-LabelWidth}{name.PadRight(nameWidth)}{type.PadRight(typeWidth)}";
            AddWrapped(head, start, description ?? "");
        }
        if (keys.Any(key => key.Ignored)) AddLine("ignored", string.Join(", ", keys.Where(key => key.Ignored).Select(key => key.Key)));
    }

    private static string Describe(ListedKey key) =>
        key.Required ? $"{key.Range}, required"
        : key.Default switch
        {
            null => key.Range,
            bool value => $"{key.Range} = {(value ? "true" : "false")}",
            string value => $"{key.Range} = \"{value}\"",
            var value => $"{key.Range} = {value}",
        };

    private void AddHead(string status, string title)
    {
        var colour = status == "ok" ? 32 : 31;
        _text.Append(colours ? $"\e[{colour}m{status}\e[0m" : status);
        _text.Append(' ', Indent - status.Length).Append(Printable.Text(title)).Append('\n');
    }

    private void AddLine(string label, string text) =>
        AddWrapped($"{new string(' ', Indent)}{label,-LabelWidth}", Indent + LabelWidth, text);

    /// <summary>Adds a text after a head, wrapped between words. Further lines begin in the column in which the text begins.</summary>
    private void AddWrapped(string head, int start, string text)
    {
        var line = new StringBuilder(Printable.Text(head));
        foreach (var word in Printable.Text(text).Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Length > start && line.Length + 1 + word.Length > Math.Max(width, start + LeastText))
            {
                _text.Append(line).Append('\n');
                line.Clear().Append(' ', start);
            }
            if (line.Length > start) line.Append(' ');
            line.Append(word);
        }
        _text.Append(line.ToString().TrimEnd()).Append('\n');
    }
}
