namespace SharedState.Host.JsonFiles;

/// <summary>A place in a file. Lines and columns count from 1, as in editors; a column is a UTF-16 unit.</summary>
internal readonly record struct Place(int Line, int Column);
