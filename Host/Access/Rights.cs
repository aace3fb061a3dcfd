using System.Security.Cryptography;
using System.Text;
using SharedState.Host.Collections;
using SharedState.Host.Conditions;
using SharedState.Host.Contents;

namespace SharedState.Host.Access;

/// <summary>What an identity may do at a path, by the rules. Immutable.</summary>
internal sealed class Rights
{
    private const int TagLength = 11; // 66 bits of a hash

    public static readonly Rights All = new(new(true, null), writes: true, list: true, rule: "", _ => null);

    private readonly Func<DateTimeOffset, WriteRights?> _writes;
    private readonly ViewDefinition _whole;

    /// <param name="read">What it may read.</param>
    /// <param name="writes">Whether it may write anything.</param>
    /// <param name="list">Whether it may list.</param>
    /// <param name="rule">The path of the first rule for the path, for metrics.</param>
    /// <param name="writeRights">What it may write at a time; null for everything.</param>
    public Rights(ReadRights read, bool writes, bool list, string rule, Func<DateTimeOffset, WriteRights?> writeRights)
    {
        (Items, Write, List, Rule, _writes) = (read, writes, list, rule, writeRights);
        Tag = TagOf(read.Visible);
        _whole = read.Visible is null ? ViewDefinition.Whole : ViewDefinition.Whole.SeenBy(read.Visible);
    }

    /// <summary>The items that it may read.</summary>
    public ReadRights Items { get; }

    /// <summary>Whether it may read items and subscribe.</summary>
    public bool Read => Items.Reads;

    /// <summary>Whether it may insert, update, remove or replace some items.</summary>
    public bool Write { get; }

    /// <summary>Whether it may list.</summary>
    public bool List { get; }

    /// <summary>The path of the first rule for the path.</summary>
    public string Rule { get; }

    /// <summary>The suffix of the epochs that the client receives; empty if the client may read all items or none. Positions of a reader
    /// with other rights belong to another epoch, because a difference between the two would be wrong.</summary>
    public string Tag { get; }

    /// <summary>The operators, fields and values of the read condition; 0 for a reader of all items.</summary>
    public int ReadSize => Items.Visible?.Size ?? 0;

    /// <summary>The operators, fields and values of its conditions.</summary>
    public int Size { get; init; }

    /// <summary>What it may write; null for everything.</summary>
    public WriteRights? WritesAt(DateTimeOffset now) => _writes(now);

    /// <summary>The view of a request, without hidden items.</summary>
    public ViewDefinition Seen(ViewDefinition view) =>
        Items.Visible is not { } visible ? view : ReferenceEquals(view, ViewDefinition.Whole) ? _whole : view.SeenBy(visible);

    /// <summary>A position as the client is told it.</summary>
    public Position Told(Position position) => Tag.Length == 0 ? position : position with { Epoch = position.Epoch + Tag };

    /// <summary>A position that a client has reported; null if it was told to a reader with other rights.</summary>
    public Position? Known(Position? told) =>
        Tag.Length == 0 ? told
        : told is { } position && position.Epoch.EndsWith(Tag, StringComparison.Ordinal)
            ? position with { Epoch = position.Epoch[..^TagLength] }
        : null;

    /// <summary>The suffix of the epochs of a reader.</summary>
    public static string TagOf(Condition? visible)
    {
        if (visible is null) return "";
        var hash = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(visible.Text)));
        return $"~{hash[..(TagLength - 1)].Replace('+', '-').Replace('/', '_')}";
    }
}
