using SharedState.Host.Configuration;

namespace SharedState.Host.Changes;

/// <summary>The fields of the configuration that a running host does not apply.</summary>
internal static class RestartFields
{
    /// <summary>The fields whose values differ from those at the start.</summary>
    public static IReadOnlyList<string> Changed(HostConfig started, HostConfig now) =>
    [
        .. Names(
            ("host", started.Address.Host == now.Address.Host),
            ("port", started.Address.Port == now.Address.Port),
            ("admin", (started.Admin?.Host, started.Admin?.Port) == (now.Admin?.Host, now.Admin?.Port)),
            ("tls", started.Tls == now.Tls),
            ("compression", started.Compression == now.Compression),
            ("pages", started.Pages == now.Pages),
            ("log", started.JsonLog == now.JsonLog),
            ("log_level", started.LogLevel == now.LogLevel)),
        .. LimitField.All.Where(limit => limit.Read(started.Limits) != limit.Read(now.Limits))
            .Select(limit => $"service.limits.{limit.Name}"),
    ];

    private static IEnumerable<string> Names(params IEnumerable<(string Name, bool Same)> fields) =>
        fields.Where(field => !field.Same).Select(field => $"service.{field.Name}");
}
