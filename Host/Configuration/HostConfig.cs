using System.Text.Json;
using SharedState.Host.Plugins;

namespace SharedState.Host.Configuration;

/// <summary>What the configuration file asks for, in the host's own types.</summary>
internal sealed record HostConfig
{
    private const string Example =
        """{"name": "items", "module": "items_service", "config": {"db_type": "sqlite", "db_name": "items.db"}}""";

    public required JsonFile File { get; init; }

    /// <summary>Where to listen.</summary>
    public required ListenAddress Address { get; init; }

    /// <summary>Where the admin side listens; null: there is none.</summary>
    public ListenAddress? Admin { get; init; }

    /// <summary>The certificate's files; null: no TLS.</summary>
    public TlsFiles? Tls { get; init; }

    /// <summary>The exact origins that pages may come from; null: any.</summary>
    public IReadOnlyList<string>? Origins { get; init; }

    /// <summary>Whether messages may be compressed.</summary>
    public bool Compression { get; init; }

    /// <summary>Whether the log is JSON lines, for programs, instead of text for people.</summary>
    public bool JsonLog { get; init; }

    public required Limits Limits { get; init; }

    /// <summary>Folders with plugins, absolute, beside those that come with the host.</summary>
    public required IReadOnlyList<string> PluginFolders { get; init; }

    /// <summary>The content that plugins may have.</summary>
    public required PluginPins Pins { get; init; }

    /// <summary>The services in the file's order; those with mistakes are left out.</summary>
    public required IReadOnlyList<ServiceConfig> Services { get; init; }

    /// <summary>Reads as much as can be read; what is wrong is among the file's mistakes.</summary>
    public static HostConfig Read(JsonFile file)
    {
        var root = new JsonFields(file, file.Root);
        var service = root.Object("service");
        var config = new HostConfig
        {
            File = file,
            Address = ListenAddress.Read(service, "service", 9_000),
            Admin = ReadAdmin(service),
            Tls = TlsFiles.Read(file, service.Object("tls")),
            Origins = ReadOrigins(file, service),
            Compression = service.Boolean("compression") ?? false,
            JsonLog = service.Choice("log", "text", "json") == "json",
            Limits = LimitField.ReadAll(service.Object("limits")),
            PluginFolders = ReadPluginFolders(file, root),
            Pins = PluginPins.Read(file, root),
            Services = ReadServices(file, root),
        };
        service.End();
        root.End();
        return config;
    }

    private static ListenAddress? ReadAdmin(JsonFields service)
    {
        var admin = service.Object("admin");
        if (admin.Node is not { Kind: JsonValueKind.Object }) return null;
        var address = ListenAddress.Read(admin, "service.admin", 9_001);
        admin.End();
        return address;
    }

    private static string[]? ReadOrigins(JsonFile file, JsonFields service)
    {
        if (service.Take("origins") is null or { Kind: JsonValueKind.Null }) return null;
        var origins = service.TextList("origins");
        foreach (var origin in origins)
        {
            // As browsers send it: in lower case, without a default port, without a path.
            if (!Uri.TryCreate(origin.Text, UriKind.Absolute, out var uri) || uri.GetLeftPart(UriPartial.Authority) != origin.Text)
                file.Add(origin, "must be an origin as browsers send it, like \"https://example.org\", without a path");
        }
        return [.. origins.Select(origin => origin.Text)];
    }

    private static List<string> ReadPluginFolders(JsonFile file, JsonFields root)
    {
        var folders = new List<string>();
        foreach (var node in root.TextList("plugins"))
        {
            var folder = file.Absolute(node.Text);
            if (Directory.Exists(folder)) folders.Add(folder);
            else file.Add(node, node.Referred ? "there is no such folder" : $"there is no folder {folder}");
        }
        return folders;
    }

    private static List<ServiceConfig> ReadServices(JsonFile file, JsonFields root)
    {
        var services = new List<ServiceConfig>();
        foreach (var node in root.List("services"))
        {
            if (ServiceConfig.Read(file, node) is not { } service) continue;
            if (services.Find(other => other.Name == service.Name) is { } first)
                file.Add(service.NameNode, $"a service of this name stands in line {first.NameNode.Place.Line}; each needs a name of its own");
            services.Add(service);
        }
        if (file.Root is { Kind: JsonValueKind.Object } && root.Take("services") is null or { Items.Count: 0, Kind: JsonValueKind.Array })
            file.Add(root.Take("services") ?? file.Root, $"no service is configured; add one to \"services\", like {Example}");
        return services;
    }
}
