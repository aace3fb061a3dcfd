using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using SharedState.Micro;

if (args is ["views", ..]) return ViewRounds.Run(args.Length > 1 ? int.Parse(args[1]) : 5);
if (args is ["durable", ..]) return DurableRounds.Run(args.Length > 1 ? int.Parse(args[1]) : 5);

// In this process, so that the one core it was given is the one that is measured, and nothing is built for each benchmark.
var job = Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance);
var config = DefaultConfig
    .Instance.AddJob(job)
    .AddDiagnoser(MemoryDiagnoser.Default)
    .HideColumns(Column.Error, Column.StdDev, Column.RatioSD)
    .WithArtifactsPath(Path.Combine(Path.GetTempPath(), "sharedstate-micro"));
BenchmarkSwitcher.FromAssembly(typeof(Updates).Assembly).Run(args, config);
return 0;
