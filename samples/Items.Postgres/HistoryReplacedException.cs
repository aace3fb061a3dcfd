namespace Items.Postgres;

/// <summary>The tables are not those that the connection was made for: a new one has to begin another epoch.</summary>
internal sealed class HistoryReplacedException() : Exception("The tables were replaced while connections to them were open.");
