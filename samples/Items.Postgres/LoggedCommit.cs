namespace Items.Postgres;

/// <summary>A line of the feed's log.</summary>
internal readonly record struct LoggedCommit(long Collection, long Revision, byte[] Body);
