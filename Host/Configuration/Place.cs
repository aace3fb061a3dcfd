namespace SharedState.Host.Configuration;

/// <summary>Where something stands in a file. Both numbers count from 1, as editors do; a column is a UTF-16 unit.</summary>
internal readonly record struct Place(int Line, int Column);
