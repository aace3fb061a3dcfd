namespace SharedState.Host.Configuration;

/// <summary>An address to listen on, and where it stands in the file, for what is found out only when it is used.</summary>
/// <param name="Path">The object in the file that holds it: <c>service</c>.</param>
/// <param name="Host">A name, an address, or <c>localhost</c> for both loopback addresses.</param>
/// <param name="Port">The port; 0 for any that is free.</param>
/// <param name="HostNode">Null if the file says nothing about it; so is <paramref name="PortNode"/>.</param>
/// <param name="PortNode">See there.</param>
internal sealed record ListenAddress(string Path, string Host, int Port, JsonNode? HostNode, JsonNode? PortNode)
{
    public static ListenAddress Read(JsonFields fields, string path, int port) =>
        new(path, fields.Text("host") ?? "localhost", fields.Number("port", 0, 65_535) ?? port, fields.Take("host"), fields.Take("port"));
}
