using SharedState.Host.PluginTest;

namespace SharedState.Host.Tests.PluginTest;

/// <summary>A test that needs a disk whose power can fail; skipped, and says why, where none can be had.</summary>
internal sealed class LossyDiskFactAttribute : FactAttribute
{
    /// <summary>Why none can be had; null if one can.</summary>
    public static readonly Lazy<string?> Missing = new(Find);

    public LossyDiskFactAttribute() => Skip = Missing.Value;

    private static string? Find()
    {
        using var folder = new TempFolder();
        try
        {
            LossyDisk.Mount(folder["disk"]).Dispose();
            return null;
        }
        catch (IOException e)
        {
            return e.Message;
        }
    }
}
