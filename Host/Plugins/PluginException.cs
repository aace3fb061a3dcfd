namespace SharedState.Host.Plugins;

/// <summary>A plugin cannot be used; the message is one sentence for the operator that says what to change.</summary>
internal sealed class PluginException(string message, Exception? innerException = null) : Exception(message, innerException);
