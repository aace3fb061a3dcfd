using System.Text.Json;
using SharedState.Host.Access;
using SharedState.Host.JsonFiles;
using SharedState.Host.Plugins;

namespace SharedState.Host.Configuration;

/// <summary>The content of the configuration file.</summary>
internal sealed record HostConfig
{
    /// <summary>The folder of the pages that come with the program.</summary>
    public static readonly string DefaultPages = Path.Combine(AppContext.BaseDirectory, "wwwroot");

    private const string Example =
        """{"name": "items", "module": "items_service", "config": {"db_type": "sqlite", "db_name": "items.db"}}""";

    public required JsonFile File { get; init; }

    /// <summary>The address of the server.</summary>
    public required ListenAddress Address { get; init; }

    /// <summary>The address of the admin side; null: no admin side.</summary>
    public ListenAddress? Admin { get; init; }

    /// <summary>The certificate's files; null: no TLS.</summary>
    public TlsFiles? Tls { get; init; }

    /// <summary>The origins whose pages may connect, and the names of the server.</summary>
    public required DoorSettings Doors { get; init; }

    /// <summary>Who may do what; null: everyone may do everything.</summary>
    public AccessConfig? Access { get; init; }

    /// <summary>Whether the server accepts compression.</summary>
    public bool Compression { get; init; }

    /// <summary>The absolute path of the folder with the web pages; null: no pages.</summary>
    public string? Pages { get; init; }

    /// <summary>Whether the log consists of JSON lines, for programs, instead of text for people.</summary>
    public bool JsonLog { get; init; }

    /// <summary>The least level of the events that the log contains.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    public required Limits Limits { get; init; }

    /// <summary>Absolute paths of folders with plugins, in addition to the folder beside the program.</summary>
    public required IReadOnlyList<string> PluginFolders { get; init; }

    /// <summary>The content that plugins may have.</summary>
    public required PluginPins Pins { get; init; }

    /// <summary>The services in the order of the file, without those that have mistakes.</summary>
    public required IReadOnlyList<ServiceConfig> Services { get; init; }

    /// <summary>Reads the file as far as possible, and adds its mistakes to <see cref="JsonFile.Mistakes"/>.</summary>
    public static HostConfig Read(JsonFile file)
    {
        var root = new JsonFields(file, file.Root);
        var service = root.Object("service");
        var doors = DoorSettings.Read(file, service);
        var config = new HostConfig
        {
            File = file,
            Address = ListenAddress.Read(service, "service", 9_000),
            Admin = ReadAdmin(service),
            Tls = TlsFiles.Read(file, service.Object("tls")),
            Doors = doors,
            Access = AccessConfig.Read(file, root, doors),
            Compression = service.Boolean("compression") ?? true,
            Pages = ReadPages(file, service),
            JsonLog = service.Choice("log", "text", "json") == "json",
            LogLevel = service.Choice("log_level", "debug", "information", "warning", "error") is { } level
                ? Enum.Parse<LogLevel>(level, ignoreCase: true)
                : LogLevel.Information,
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

    private static string? ReadPages(JsonFile file, JsonFields service)
    {
        var written = service.Take("pages");
        if (written is null or { Kind: JsonValueKind.Null } || file.Resolve(written) is not { } node) return DefaultPages;
        if (node is { Kind: JsonValueKind.True } or { Referred: true, Text: "true" }) return DefaultPages;
        if (node is { Kind: JsonValueKind.False } or { Referred: true, Text: "false" }) return null;
        if (node is { Kind: JsonValueKind.String, Text.Length: > 0 })
        {
            var folder = Path.TrimEndingDirectorySeparator(file.Absolute(node.Text));
            if (!Directory.Exists(folder)) file.Add(node, node.Referred ? "there is no such folder" : $"there is no folder {folder}");
            else if (file.FullPath.StartsWith(Path.Join(folder, "/"), StringComparison.Ordinal))
                file.Add(node, "this folder holds the configuration file, which everyone could read; use a folder that holds only pages");
            return folder;
        }
        var shown = node.Kind == JsonValueKind.String ? "an empty text" : node.Description;
        file.Add(node, $"must be false for no pages, or the folder of your own pages, like \"www\", not {shown}");
        return DefaultPages;
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
                file.Add(
                    service.NameNode, $"a service of this name stands in line {first.NameNode.Place.Line}; each needs a name of its own");
            services.Add(service);
        }
        if (file.Root is { Kind: JsonValueKind.Object } && root.Take("services") is null or { Items.Count: 0, Kind: JsonValueKind.Array })
            file.Add(root.Take("services") ?? file.Root, $"no service is configured; add one to \"services\", like {Example}");
        return services;
    }
}
