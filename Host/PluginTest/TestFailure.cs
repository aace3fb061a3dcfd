namespace SharedState.Host.PluginTest;

/// <summary>A promise is broken; the message says what was found.</summary>
internal sealed class TestFailure(string message) : Exception(message);
