using System.Runtime.InteropServices;

namespace SharedState.Host.Storages;

/// <summary>The faults of plugin calls that violate the contract.</summary>
internal static class StorageFault
{
    /// <summary>The host gave up on the call.</summary>
    public static ItemServiceException Silent(ItemServiceFault fault) => new(fault, "the storage does not answer");

    /// <summary>The plugin threw an unexpected exception; marked, because its stack trace should be logged.</summary>
    public static ItemServiceException Unexpected(
        ItemServiceFault fault, Exception cause, string message = "the plugin threw an exception that is no ItemServiceException") =>
        new(fault, message, cause) { Data = { [WriterLog.UnexpectedKey] = true } };

    /// <summary>
    /// The message of an exception, in one line. The message about a missing native library fills a page with all searched locations.
    /// </summary>
    public static string Line(Exception exception)
    {
        var cause = Cause(exception);
        var line = cause.Message.Split('\n')[0].TrimEnd();
        if (cause is not DllNotFoundException) return line;
        var end = line.IndexOf(". ", StringComparison.Ordinal);
        return $"{(end < 0 ? line : line[..end])} on {RuntimeInformation.RuntimeIdentifier}";
    }

    /// <summary>The original exception behind that of a static constructor.</summary>
    public static Exception Cause(Exception exception) =>
        exception is TypeInitializationException { InnerException: { } inner } ? inner : exception;
}
