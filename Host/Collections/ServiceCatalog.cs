using SharedState.Host.Protocol;

namespace SharedState.Host.Collections;

/// <summary>The configured services, in the configuration's order: those that run, and those that do not.</summary>
internal sealed class ServiceCatalog
{
    private readonly Dictionary<string, ServiceWriter?> _services = new(StringComparer.Ordinal);

    /// <param name="services">Each service's name, and its writer where it runs.</param>
    public ServiceCatalog(IEnumerable<(string Name, ServiceWriter? Writer)> services)
    {
        var names = new List<string>();
        foreach (var (name, writer) in services)
        {
            _services.Add(name, writer);
            names.Add(name);
        }
        NamesJson = FrameWriter.OfThisThread.List(names);
    }

    /// <summary>The services' names, a JSON list.</summary>
    public byte[] NamesJson { get; }

    public IEnumerable<ServiceWriter> Running => _services.Values.OfType<ServiceWriter>();

    /// <summary>A service that runs, or null.</summary>
    public ServiceWriter? Find(string name) => _services.GetValueOrDefault(name);

    /// <summary>Why <see cref="Find"/> found nothing.</summary>
    public Error Missing(string name) => _services.ContainsKey(name) ? Error.ServiceDown : Error.NoService;
}
