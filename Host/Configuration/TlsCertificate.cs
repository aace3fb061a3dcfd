using System.Net.Security;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using SharedState.Host.Diagnostics;

namespace SharedState.Host.Configuration;

/// <summary>
/// The certificate for new handshakes. It is read again when its files change. If the new pair cannot be used, this is logged once, and the
/// old pair stays.
/// </summary>
internal sealed class TlsCertificate : IHostedService, IDisposable
{
    /// <summary>
    /// The interval of the checks: short enough that a renewed certificate is in use before an operator checks it. Reading two small files
    /// is cheap.
    /// </summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly TlsFiles _files;
    private readonly ILogger<TlsCertificate> _logger;
    private readonly TimeProvider _time;
    private ITimer? _timer;
    private string _fingerprint;

    // The timer writes the reference, handshakes read it.
    private volatile SslStreamCertificateContext _current;

    /// <exception cref="InvalidOperationException">The files have become unusable since the configuration was checked.</exception>
    public TlsCertificate(TlsFiles files, ILogger<TlsCertificate> logger, TimeProvider time)
    {
        (_files, _logger, _time) = (files, logger, time);
        _fingerprint = Fingerprint();
        _current = files.TryLoad(out var context, out var why) ? context! : throw new InvalidOperationException(why);
    }

    /// <summary>The options that Kestrel reads for each handshake.</summary>
    public TlsHandshakeCallbackOptions Handshake(TimeSpan timeout) => new()
    {
        HandshakeTimeout = timeout,
        OnConnection = _ => new(new SslServerAuthenticationOptions { ServerCertificateContext = _current }),
    };

    // Not a file watcher: renewal programs often replace a symbolic link two folders up, which a watcher does not notice.
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
        // A pair consists of two files: between the two writes it is broken, and the second write is another change.
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
