using System.Globalization;

namespace SharedState.Items.Redis;

/// <summary>A message by which a commit tells all hosts what it changed, as commit.lua writes it.</summary>
/// <param name="Host">Whose commit it was.</param>
/// <param name="Teller">The number of the bucket that counts it.</param>
/// <param name="Epoch">That bucket's epoch.</param>
/// <param name="Number">One more than that of the message before it.</param>
/// <param name="Token">A random number: the same message number in another history has another one.</param>
/// <param name="Lines">
/// For each changed collection: the epoch and the commits of its bucket, its revision, its name; with blanks between.
/// </param>
internal sealed record Announcement(string Host, int Teller, string Epoch, long Number, long Token, ArraySegment<string> Lines)
{
    /// <summary>Null for what is no such message: anyone may send something to a channel.</summary>
    public static Announcement? Parse(string message)
    {
        var lines = message.Split('\n');
        return lines[0].Split(' ') is [var host, var teller, var epoch, var number, var random]
            && IsNumber(teller, out var bucket) && bucket < Layout.Buckets
            && IsNumber(number, out var place) && IsNumber(random, out var token)
            ? new Announcement(host, (int)bucket, epoch, place, token, new(lines, 1, lines.Length - 1))
            : null;
    }

    /// <summary>Where the commit left its collections, and what that shows of their buckets.</summary>
    public IEnumerable<(CollectionPosition Collection, Sight Bucket)> Changes()
    {
        foreach (var line in Lines)
        {
            if (line.Split(' ', 4) is [var epoch, var commits, var revision, var name]
                && IsNumber(commits, out var count) && IsNumber(revision, out var reached) && Layout.Parse(name) is { } key)
            {
                yield return (new CollectionPosition(key, new Position(epoch, reached)), new Sight(epoch, count));
            }
        }
    }

    private static bool IsNumber(string text, out long number) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
