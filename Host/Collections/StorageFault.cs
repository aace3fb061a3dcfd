using System.Runtime.InteropServices;

namespace SharedState.Host.Collections;

/// <summary>What becomes of a plugin's call that does not end in one of the contract's ways.</summary>
internal static class StorageFault
{
    /// <summary>The call was given up on.</summary>
    public static ItemServiceException Silent(ItemServiceFault fault) => new(fault, "the storage does not answer");

    /// <summary>The plugin threw what it should not; marked, since its trace is worth logging.</summary>
    public static ItemServiceException Unexpected(
        ItemServiceFault fault, Exception cause, string message = "the plugin threw an exception that is no ItemServiceException") =>
        new(fault, message, cause) { Data = { [WriterLog.UnexpectedKey] = true } };

    /// <summary>
    /// What an exception says, in one line. The message about a missing native library goes on for a page, with each place that was
    /// looked at.
    /// </summary>
    public static string Line(Exception exception)
    {
        var cause = Cause(exception);
        var line = cause.Message.Split('\n')[0].TrimEnd();
        if (cause is not DllNotFoundException) return line;
        var end = line.IndexOf(". ", StringComparison.Ordinal);
        return $"{(end < 0 ? line : line[..end])} on {RuntimeInformation.RuntimeIdentifier}";
    }

    /// <summary>What went wrong, where a static constructor only passes it on.</summary>
    public static Exception Cause(Exception exception) =>
        exception is TypeInitializationException { InnerException: { } inner } ? inner : exception;
}
