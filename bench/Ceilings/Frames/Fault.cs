namespace SharedState.Bench.Ceilings.Frames;

/// <summary>What a server does wrong on purpose, once in a hundred blocks, so that it can be seen whether anybody notices.</summary>
internal enum Fault
{
    None,

    /// <summary>Two messages change places.</summary>
    Reversed,

    /// <summary>A message is left out.</summary>
    Lossy,

    /// <summary>A message comes twice.</summary>
    Doubled,
}
