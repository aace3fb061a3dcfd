using System.Globalization;

namespace SharedState.Host.JsonFiles;

/// <summary>
/// The place of a value in the tree of a file: <c>services[0].config.db_type</c>. Text is made of it only for a mistake, since a long name
/// would otherwise be repeated at each value below it.
/// </summary>
internal sealed class TreePath
{
    /// <summary>A longer name is cut short in a message. No known field and no service has one.</summary>
    private const int LongestStep = 100;

    private readonly TreePath? _parent;
    private readonly string _name = "";
    private readonly int _index = -1;

    private TreePath()
    {
    }

    private TreePath(TreePath parent, string name, int index) => (_parent, _name, _index) = (parent, name, index);

    /// <summary>The place of the root, an empty text.</summary>
    public static TreePath Root { get; } = new();

    /// <summary>The place of a field of an object.</summary>
    public TreePath Field(string name) => new(this, name, -1);

    /// <summary>The place of an element of a list.</summary>
    public TreePath Element(int index) => new(this, "", index);

    public override string ToString()
    {
        if (_parent is null) return "";
        if (_index >= 0) return string.Create(CultureInfo.InvariantCulture, $"{_parent}[{_index}]");
        var step = _name.Length > LongestStep ? _name[..LongestStep] + "\u2026" : _name;
        return _parent == Root ? step : $"{_parent}.{step}";
    }
}
