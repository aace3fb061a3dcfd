namespace SharedState.Host.PluginTest;

/// <summary>A broken promise; the message describes the finding.</summary>
internal sealed class TestFailure(string message) : Exception(message);
