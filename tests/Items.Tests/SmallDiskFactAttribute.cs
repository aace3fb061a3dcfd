using Xunit;

namespace SharedState.Items.Tests;

/// <summary>A test that needs a small disk; skipped, and says why, where none can be had.</summary>
internal sealed class SmallDiskFactAttribute : FactAttribute
{
    public SmallDiskFactAttribute() => Skip = SmallDisk.Missing;
}
