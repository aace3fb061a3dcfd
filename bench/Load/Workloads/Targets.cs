using SharedState.Bench.Load.Report;

namespace SharedState.Bench.Load.Workloads;

/// <summary>What Shared State should reach, cell by cell.</summary>
internal static class Targets
{
    public static readonly IReadOnlyList<Target> All =
    [
        new("fan-out/10x100B/saturated", "b", 0.35),
        new("fan-out/10x100B/saturated", "signalr", 2),
        new("fan-out/100x*/saturated", "b", 0.6),
        new("fan-out/1000x*/saturated", "b", 0.6),
        new("fan-out/5000x*/saturated", "b", 0.7),
        new("fan-out/*/saturated", "a", 1),
        new("fan-out/*/one-at-a-time", "b", 0.95),
        new("fan-out/*/fixed-rate", "b", 1.2, AtMost: true, Measure.Middle),
        new("fan-out/*/fixed-rate", "b", 1.5, AtMost: true, Measure.Late),

        new("rooms/10x10", "b", 0.6),
        new("rooms/1x100", "b", 0.4),

        new("ingest/memory/1/closed", "b", 0.95),
        new("ingest/memory/1/pipelined", "b", 0.6),
        new("ingest/memory/200/closed", "b", 0.85),
        new("ingest/memory/200/pipelined", "b", 0.5),
        new("ingest/memory/1/batches", "b", 0.5),
        new("ingest/durable/1/closed", "disk", 0.6),
        new("ingest/durable/200/pipelined", "sqlite", 0.4),

        new("edits/inc", Edits.Plain, 0.7),
        new("edits/since", Edits.Plain, 0.9),

        new("presence/*/updates", Of: null, 1, AtMost: true),
        new("presence/*/notifications", Of: null, 1, AtMost: true),

        new("access/fan-out/saturated", Access.Plain, 0.97),
        new("access/fan-out/one-at-a-time", Access.Plain, 0.97),
        new("access/ingest/closed", Access.Plain, 0.97),

        new("growth/*/saturated", Target.BesideOne, 0.95),
        new("growth/*/fixed-rate", Target.BesideOne, 2, AtMost: true, Measure.Late),
        new("growth/*/fixed-rate", Of: null, 20_000, AtMost: true, Measure.Longest),

        new("idle/10000/memory", "a", 0.6, AtMost: true),
        new("idle/10000/memory", Idle.Modest, 1, AtMost: true),
        new("idle/10000/connect", "a", 0.9),

        new("snapshot/*k/1", "b", 1.5, AtMost: true),
        new("snapshot/10k/100", "b", 1.5, AtMost: true),
        new("snapshot/*/100/memory", "b", 1.2, AtMost: true),

        new("resume/100k-to-1k", Resume.Even, 1.5, AtMost: true),

        new("cold-start", "empty", 1.3, AtMost: true),

        new("hosts/delay/*", HostDelay.Allowed, 1, AtMost: true, Measure.Late),
    ];
}
