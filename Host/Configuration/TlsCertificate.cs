using System.Net.Security;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using SharedState.Host.Diagnostics;

namespace SharedState.Host.Configuration;

/// <summary>
/// The certificate for new handshakes, read again when its files change. A new pair that cannot be used is logged once, and the old one
/// stays.
/// </summary>
internal sealed class TlsCertificate : IHostedService, IDisposable
{
    /// <summary>
    /// How often the files are looked at: a renewal is in use well before anyone checks it, and two small files cost nothing to read.
    /// </summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly TlsFiles _files;
    private readonly ILogger<TlsCertificate> _logger;
    private readonly TimeProvider _time;
    private ITimer? _timer;
    private string _fingerprint;

    // Written by the timer, read by handshakes; the reference changes as a whole.
    private volatile SslStreamCertificateContext _current;

    /// <exception cref="InvalidOperationException">The files were good when the configuration was checked, and are not any more.</exception>
    public TlsCertificate(TlsFiles files, ILogger<TlsCertificate> logger, TimeProvider time)
    {
        (_files, _logger, _time) = (files, logger, time);
        _fingerprint = Fingerprint();
        _current = files.TryLoad(out var context, out var why) ? context! : throw new InvalidOperationException(why);
    }

    /// <summary>What Kestrel asks for each handshake.</summary>
    public TlsHandshakeCallbackOptions Handshake(TimeSpan timeout) => new()
    {
        HandshakeTimeout = timeout,
        OnConnection = _ => new(new SslServerAuthenticationOptions { ServerCertificateContext = _current }),
    };

    // Not a file watcher: certificates are commonly renewed by moving a symbolic link two folders up, which a watcher does not see.
    public Task StartAsync(CancellationToken cancellationToken)
    {
        _timer = _time.CreateTimer(_ => Reload(), null, Interval, Interval);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        _timer?.Dispose();
        return Task.CompletedTask;
    }

    public void Dispose() => _timer?.Dispose();

    private void Reload()
    {
        var fingerprint = Fingerprint();
        if (fingerprint == _fingerprint) return;
        // A pair is two files: seen between the two writes it is broken, and the second write is one more change.
        _fingerprint = fingerprint;
        if (_files.TryLoad(out var context, out var why))
        {
            _current = context!;
            Log.CertificateChanged(_logger, _files.Certificate, context!.TargetCertificate.NotAfter);
        }
        else
        {
            Log.CertificateKept(_logger, why);
        }
    }

    private string Fingerprint()
    {
        try
        {
            return Convert.ToHexString(SHA256.HashData([.. File.ReadAllBytes(_files.Certificate), 0, .. File.ReadAllBytes(_files.Key)]));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.GetType().Name;
        }
    }
}
