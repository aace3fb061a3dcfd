using SharedState.Host.JsonFiles;

namespace SharedState.Host.Configuration;

/// <summary>An address to listen on, with its places in the file for mistakes that are found when the socket is bound.</summary>
/// <param name="Path">The object of the file that contains the address: <c>service</c>.</param>
/// <param name="Host">A name, an address, or <c>localhost</c> for both loopback addresses.</param>
/// <param name="Port">The port; 0 for any free port.</param>
/// <param name="HostNode">The value in the file; null if the file has none.</param>
/// <param name="PortNode">The value in the file; null if the file has none.</param>
internal sealed record ListenAddress(string Path, string Host, int Port, JsonNode? HostNode, JsonNode? PortNode)
{
    public static ListenAddress Read(JsonFields fields, string path, int port) =>
        new(path, fields.Text("host") ?? "localhost", fields.Number("port", 0, 65_535) ?? port, fields.Take("host"), fields.Take("port"));
}
