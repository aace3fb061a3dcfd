namespace SharedState.Host.Tests.Configuration;

/// <summary>A test that needs a lease on a file. It is skipped, with a message, where the system has none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LeaseFactAttribute : FactAttribute
{
    private static readonly string? _missing = FindMissing();

    public LeaseFactAttribute() => Skip = _missing;

    private static string? FindMissing()
    {
        if (!OperatingSystem.IsLinux()) return "needs Linux";
        var file = Path.GetTempFileName();
        try
        {
            new Lease(file).Dispose();
            return null;
        }
        catch (IOException e)
        {
            return $"needs leases on files in {Path.GetTempPath()} (F_SETLEASE): {e.Message}";
        }
        finally
        {
            File.Delete(file);
        }
    }
}
