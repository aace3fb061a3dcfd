using System.Text.Json;
using SharedState.Host.Collections;
using SharedState.Host.Json;

namespace SharedState.Host.Protocol;

/// <summary>Reads the field <c>if</c> of an update.</summary>
internal static class PreconditionReader
{
    /// <summary>Reads the object that the reader stands on.</summary>
    /// <param name="reader">Stands on the first token; on return on the last.</param>
    /// <param name="message">What the reader reads.</param>
    /// <param name="limits">The limits on it.</param>
    /// <param name="named">Gets the number of ids in it.</param>
    /// <param name="error">Gets what is wrong with it.</param>
    /// <returns>The condition; null where there is none, or it is wrong.</returns>
    public static Precondition? Read(
        ref Utf8JsonReader reader, ReadOnlySpan<byte> message, Limits limits, out int named, ref Error? error)
    {
        named = 0;
        if (reader.TokenType == JsonTokenType.Null) return null;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            error ??= Error.BadRequest("\"if\" is an object with \"since\" and \"epoch\", \"ids\", \"absent\", \"present\" or \"match\"");
            return null;
        }
        IdList ids = new(limits, "if.ids"), absent = new(limits, "if.absent"), present = new(limits, "if.present");
        var matches = new MatchList(limits);
        long? since = null;
        string? epoch = null;
        bool sawSince = false, sawEpoch = false, sawIds = false, sawAbsent = false, sawPresent = false, sawMatch = false;
        while (error is null && reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (JsonText.Is(ref reader, "since"u8))
            {
                RawJson.Enter(ref reader, ref sawSince, "if.since", ref error);
                if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var revision) && revision >= 0) since = revision;
                else error ??= Error.BadRequest("if.since: a revision is a whole number from 0");
            }
            else if (JsonText.Is(ref reader, "epoch"u8))
            {
                RawJson.Enter(ref reader, ref sawEpoch, "if.epoch", ref error);
                if (!JsonText.TryRead(ref reader, out epoch)) error ??= Error.BadRequest("if.epoch: an epoch is a string");
            }
            else if (JsonText.Is(ref reader, "ids"u8))
            {
                RawJson.Enter(ref reader, ref sawIds, "if.ids", ref error);
                ids.Read(ref reader, ref error);
            }
            else if (JsonText.Is(ref reader, "absent"u8))
            {
                RawJson.Enter(ref reader, ref sawAbsent, "if.absent", ref error);
                absent.Read(ref reader, ref error);
            }
            else if (JsonText.Is(ref reader, "present"u8))
            {
                RawJson.Enter(ref reader, ref sawPresent, "if.present", ref error);
                present.Read(ref reader, ref error);
            }
            else if (JsonText.Is(ref reader, "match"u8))
            {
                RawJson.Enter(ref reader, ref sawMatch, "if.match", ref error);
                matches.Read(ref reader, message, ref error);
            }
            else
            {
                // A condition that the server does not know might be the one that must hold.
                var name = JsonText.NameOf(reader.ValueSpan);
                error = Error.BadRequest($"if.{name[..Math.Min(name.Length, 64)]}: this server has no such condition");
            }
        }
        if (error is not null) return null;
        named = ids.Count + absent.Count + present.Count + matches.Count;
        if (since is null != epoch is null) error = Error.BadRequest("if: \"since\" and \"epoch\" come together");
        else if (since is null && sawIds) error = Error.BadRequest("if.ids: they come with \"since\" and \"epoch\"");
        if (error is not null || (since is null && named == 0)) return null;
        return new(since is { } position ? new Position(epoch!, position) : null, ids.Ids, absent.Ids, present.Ids, matches.Matches);
    }
}
