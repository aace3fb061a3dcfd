using System.Diagnostics.Metrics;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Parsing;
using Serilog.Sinks.Async;

namespace SharedState.Host.Diagnostics;

/// <summary>
/// A bounded queue before an output that may block: a full pipe, a terminal after Ctrl-S, a log driver that hangs. While the queue is full,
/// events are dropped and counted; when the output works again, an event tells their number. No caller ever waits for the output.
/// </summary>
internal sealed class LogQueue : ILogEventSink, IDisposable
{
    /// <summary>The default capacity: more lines than the host logs in bad seconds, and at most some megabytes.</summary>
    public const int DefaultCapacity = 1_000;

    // The end of the process waits this long for the last lines. It is a part of the 10 seconds of a graceful stop.
    private static readonly TimeSpan DrainTime = TimeSpan.FromMilliseconds(500);

    private readonly Logger _queue;

    /// <param name="output">The output. The queue disposes it.</param>
    /// <param name="time">The clock for the events about dropped events.</param>
    /// <param name="capacity">The greatest number of queued events.</param>
    public LogQueue(Logger output, TimeProvider time, int capacity = DefaultCapacity)
    {
        var drain = new Drain(output, time);
        _queue = new LoggerConfiguration()
            .MinimumLevel.Verbose()
            .WriteTo.Async(queued => queued.Sink(drain), capacity, blockWhenFull: false, monitor: drain)
            .CreateLogger();
    }

    public void Emit(LogEvent logEvent) => _queue.Write(logEvent);

    /// <summary>Writes the queued events, as far as the output takes them in time.</summary>
    public void Dispose() => Task.Run(_queue.Dispose).Wait(DrainTime); // the queue itself would wait for a blocked output without an end

    /// <summary>The end of the queue, on the queue's thread.</summary>
    private sealed class Drain(Logger output, TimeProvider time) : ILogEventSink, IAsyncLogEventSinkMonitor, IDisposable
    {
        private static readonly MessageTemplate Dropped =
            new MessageTemplateParser().Parse("{Count:N0} log lines were dropped, because the output was not read");

        private readonly Meter _meter = new(HostMeter.Name);
        private IAsyncLogEventSinkInspector? _queue;
        private long _reported;

        public void StartMonitoring(IAsyncLogEventSinkInspector inspector)
        {
            _queue = inspector;
            _meter.CreateObservableCounter(
                "sharedstate.log.dropped", () => inspector.DroppedMessagesCount, "{line}", "Log lines that were dropped, because the output was not read.");
        }

        public void StopMonitoring(IAsyncLogEventSinkInspector inspector)
        {
        }

        public void Emit(LogEvent logEvent)
        {
            // Events are dropped only behind queued ones, so that one of those always comes here afterwards.
            var dropped = _queue?.DroppedMessagesCount ?? 0;
            if (dropped > _reported)
            {
                output.Write(new LogEvent(
                    time.GetLocalNow(), LogEventLevel.Warning, null, Dropped, [new("Count", new ScalarValue(dropped - _reported))]));
                _reported = dropped;
            }
            output.Write(logEvent);
        }

        public void Dispose()
        {
            _meter.Dispose();
            output.Dispose();
        }
    }
}
