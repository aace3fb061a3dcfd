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

    // A renewal that fails leaves an operator two weeks.
    private static readonly TimeSpan WarningTime = TimeSpan.FromDays(14), WarningInterval = TimeSpan.FromDays(1);

    private readonly TlsFiles _files;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private ITimer? _timer;
    private string _fingerprint;
    private SslStreamCertificateContext? _offered; // the changed pair, which is not in use yet
    private string? _refused;                      // the reason that was logged for that
    private DateTimeOffset? _warnedAt;

    // The timer writes the reference, handshakes read it.
    private volatile SslStreamCertificateContext _current;

    /// <exception cref="InvalidOperationException">The files have become unusable since the configuration was checked.</exception>
    public TlsCertificate(TlsFiles files, ILogger logger, TimeProvider time)
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
        WarnOfExpiry();
        _timer = _time.CreateTimer(_ => Look(), null, Interval, Interval);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        _timer?.Dispose();
        return Task.CompletedTask;
    }

    public void Dispose() => _timer?.Dispose();

    private void Look()
    {
        var fingerprint = Fingerprint();
        if (fingerprint != _fingerprint)
        {
            // A pair consists of two files: between the two writes it is broken, and the second write is another change.
            _fingerprint = fingerprint;
            _refused = null;
            if (!_files.TryLoad(out _offered, out var why)) Log.CertificateKept(_logger, why);
        }
        TakeOffered();
        WarnOfExpiry();
    }

    /// <summary>Takes the changed pair, unless the old one is valid and the changed one is not, or not yet.</summary>
    private void TakeOffered()
    {
        if (_offered is not { } offered) return;
        var refusal = Invalidity(_current) is null ? Invalidity(offered) : null;
        if (refusal is not null)
        {
            if (refusal != _refused) Log.CertificateKept(_logger, $"{_files.Certificate}: {refusal}");
            _refused = refusal;
            return;
        }
        (_current, _offered, _warnedAt) = (offered, null, null);
        Log.CertificateChanged(_logger, _files.Certificate, offered.TargetCertificate.NotAfter.ToUniversalTime());
    }

    /// <summary>Warns once a day of a certificate that is not valid, or will not be for much longer.</summary>
    private void WarnOfExpiry()
    {
        var now = _time.GetUtcNow();
        if (now - _warnedAt < WarningInterval) return;
        var end = _current.TargetCertificate.NotAfter.ToUniversalTime();
        if (Invalidity(_current) is { } why) Log.CertificateInvalid(_logger, _files.Certificate, why);
        else if (end - now <= WarningTime) Log.CertificateExpires(_logger, _files.Certificate, (int)(end - now).TotalDays, end);
        else return;
        _warnedAt = now;
    }

    private string? Invalidity(SslStreamCertificateContext context) => TlsFiles.Invalidity(context.TargetCertificate, _time.GetUtcNow());

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
