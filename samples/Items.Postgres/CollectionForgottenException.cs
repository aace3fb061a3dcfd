namespace Items.Postgres;

/// <summary>A collection's row was removed while a commit waited for it: the commit makes it anew.</summary>
internal sealed class CollectionForgottenException() : Exception("A collection was forgotten during a commit.");
