using Serilog.Core;
using Serilog.Events;
using Serilog.Parsing;

namespace SharedState.Host.Diagnostics;

/// <summary>
/// Passes at most ten events per second of each reason, and then an event with the number of the others: a client that repeats a fault must
/// neither fill a disk nor hide other events. Each service has reasons of its own.
/// </summary>
internal sealed class RateLimit : ILogEventSink, IDisposable
{
    public const int EventsPerSecond = 10;

    // Templates are usually constants. A plugin that builds them from data must not fill the memory: beyond this number, they share one
    // count.
    private const int MaximumReasons = 1_000;

    private static readonly MessageTemplate More = new MessageTemplateParser().Parse("{Message} .. {Count:N0} more in the last second");

    private readonly Logger _output;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly Lock _lock = new();
    private Dictionary<(string Template, string? Service), Reason> _reasons = [];

    public RateLimit(Logger output, TimeProvider time)
    {
        _output = output;
        _time = time;
        _timer = time.CreateTimer(_ => EndSecond(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
    }

    public void Emit(LogEvent logEvent)
    {
        if (Passes(logEvent)) _output.Write(logEvent);
    }

    public void Dispose()
    {
        _timer.Dispose();
        EndSecond();
        _output.Dispose();
    }

    private bool Passes(LogEvent logEvent)
    {
        lock (_lock)
        {
            var key = (logEvent.MessageTemplate.Text, ServiceOf(logEvent));
            if (_reasons.Count >= MaximumReasons && !_reasons.ContainsKey(key)) key = ("", null);
            if (!_reasons.TryGetValue(key, out var reason)) _reasons.Add(key, reason = new());
            reason.Last = logEvent;
            return ++reason.Count <= EventsPerSecond;
        }
    }

    private void EndSecond()
    {
        Dictionary<(string, string?), Reason> reasons;
        lock (_lock)
        {
            if (_reasons.Count == 0) return;
            (reasons, _reasons) = (_reasons, []);
        }
        foreach (var reason in reasons.Values)
        {
            if (reason.Count > EventsPerSecond) _output.Write(Summary(reason));
        }
    }

    private LogEvent Summary(Reason reason)
    {
        var last = reason.Last!;
        List<LogEventProperty> properties =
        [
            new("Message", new ScalarValue(Printable.Text(last.MessageTemplate.Text))),
            new("Count", new ScalarValue(reason.Count - EventsPerSecond)),
        ];
        if (ServiceOf(last) is { } service) properties.Add(new(LogText.Service, new ScalarValue(service)));
        return new(_time.GetLocalNow(), last.Level, null, More, properties);
    }

    private static string? ServiceOf(LogEvent logEvent) =>
        (logEvent.Properties.GetValueOrDefault(LogText.Service) as ScalarValue)?.Value as string;

    private sealed class Reason
    {
        public int Count { get; set; }

        public LogEvent? Last { get; set; }
    }
}
