namespace SharedState.Host.Collections;

/// <summary>The configured services, in the configuration's order, whether they run or not. Replaced as a whole, also during
/// queries.</summary>
internal sealed class ServiceCatalog
{
    // Replaced, never changed: a reader has one state or the next.
    private volatile Content _content;

    /// <param name="services">Each service's name, and its writer where it runs.</param>
    public ServiceCatalog(IEnumerable<(string Name, ServiceWriter? Writer)> services) => _content = new(services);

    /// <summary>The names of the services.</summary>
    public IReadOnlyList<string> Names => _content.Names;

    public IEnumerable<ServiceWriter> Running => _content.Services.Values.OfType<ServiceWriter>();

    /// <summary>A service that runs, or null.</summary>
    public ServiceWriter? Find(string name) => _content.Services.GetValueOrDefault(name);

    /// <summary>The reason why <see cref="Find"/> found no service.</summary>
    public Error Missing(string name) => _content.Services.ContainsKey(name) ? Error.ServiceDown : Error.NoService;

    /// <summary>Replaces the list of services.</summary>
    public void Set(IEnumerable<(string Name, ServiceWriter? Writer)> services) => _content = new(services);

    private sealed class Content
    {
        public Content(IEnumerable<(string Name, ServiceWriter? Writer)> services)
        {
            foreach (var (name, writer) in services)
            {
                Services.Add(name, writer);
                Names.Add(name);
            }
        }

        public Dictionary<string, ServiceWriter?> Services { get; } = new(StringComparer.Ordinal);

        public List<string> Names { get; } = [];
    }
}
