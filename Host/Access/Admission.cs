namespace SharedState.Host.Access;

/// <summary>The headers Host and Origin of a handshake that was let in. The lists of origins and names may change while its connection is
/// open.</summary>
internal sealed class Admission
{
    // Longer than any origin and any name of a host. A client must not fill the memory with its headers; a longer one is on no list.
    private const int MostCharacters = 300;

    private readonly Doors _doors;
    private readonly string _origin;
    private readonly HostString _host;
    private readonly bool _isHttps;
    private volatile DoorPolicy? _policy; // the last one that let the handshake in

    /// <param name="doors">The present lists.</param>
    /// <param name="request">The handshake.</param>
    public Admission(Doors doors, HttpRequest request)
    {
        (_doors, _isHttps) = (doors, request.IsHttps);
        (_origin, _host) = (Start(request.Headers.Origin.ToString()), new(Start(request.Host.Value ?? "")));
    }

    /// <summary>Whether the handshake would be let in now. Any thread.</summary>
    public bool Holds
    {
        get
        {
            var policy = _doors.Policy;
            if (policy == _policy) return true;
            if (!policy.KnowsHost(_host.Host) || !policy.LetsIn(_origin, _host, _isHttps)) return false;
            _policy = policy;
            return true;
        }
    }

    private static string Start(string header) => header.Length > MostCharacters ? header[..MostCharacters] : header;
}
