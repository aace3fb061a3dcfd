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
}
