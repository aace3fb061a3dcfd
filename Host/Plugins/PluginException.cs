namespace SharedState.Host.Plugins;

/// <summary>A plugin cannot be used. The message tells the operator the reason and the remedy.</summary>
internal sealed class PluginException(string message, Exception? innerException = null) : Exception(message, innerException);
