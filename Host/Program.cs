using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Serilog.Extensions.Logging;
using SharedState.Host.Access;
using SharedState.Host.Admin;
using SharedState.Host.Changes;
using SharedState.Host.Configuration;
using SharedState.Host.Diagnostics;
using SharedState.Host.Http;
using SharedState.Host.Listing;
using SharedState.Host.Plugins;
using SharedState.Host.PluginTest;
using SharedState.Host.Services;

namespace SharedState.Host;

/// <summary>
/// Builds the host. Exit codes: 0 stopped or checked, 1 the configuration or the installation is wrong, 2 the command line is wrong.
/// </summary>
internal static class Program
{
    private static readonly string PluginFolder = Path.Combine(AppContext.BaseDirectory, "plugins");
    private static readonly string ClientFolder = Path.Combine(HostConfig.DefaultPages, "libs");

    public static async Task<int> Main(string[] arguments)
    {
        PrivateFiles.Begin();
        if (PluginTestMode.IsAsked(arguments)) return await PluginTestMode.RunAsync(arguments);
        if (AccessMode.IsAsked(arguments)) return await AccessMode.RunAsync(arguments, Console.Out, Console.Error);
        var command = CommandLine.Parse(arguments);
        if (command.Mistake is not null) return Fail(2, command.Mistake);
        if (command.Help || command.Version)
        {
            Console.WriteLine(command.Help ? CommandLine.Usage : $"Shared State {HostVersion.Text}");
            return 0;
        }
        if (command.Plugins && !command.Check) return await ListAsync(command);

        // :: 1. Check the whole file, and report all mistakes at once.
        if (Installation.FindFile(command.File) is not { } file)
            return Fail(1, $"there is no plugins.json in this folder, nor in {AppContext.BaseDirectory}; name a file: sharedstate FILE");
        Installation? read = null;
        if (!await Reading.EndsAsync(() => read = Installation.Read(file, PluginFolder, listen: !command.Check), Reading.ScanTime))
            return Fail(1, Reading.Late(Reading.ScanTime));
        using var installation = read!;
        if (installation.Complaints is [_, ..] complaints) return Fail(1, string.Join(Environment.NewLine, complaints));
        if (command.File is null && installation.FindForeignCode() is { } foreign) return Fail(1, foreign);
        if (command is { File: null, Check: true }) await Console.Error.WriteLineAsync($"checking {installation.Config.File.FullPath}");

        // :: 2. Load the plugins of the services.
        var json = command.JsonLog ?? installation.Config.JsonLog;
        using var output = command.Check ? LogOutput.Checking(json) : LogOutput.Serving(json, installation.Config.LogLevel);
        using ILoggerFactory loggers = new SerilogLoggerFactory(output);
        var cache = PluginCache.ForUser(loggers);
        var plugins = new PluginHost(cache);
        ServicePlan[] services = [];
        void Load() => services = [.. installation.Plans.Select(plan => plan.Load(plugins, loggers))];
        if (!await Reading.EndsAsync(Load, Reading.CopyTime)) return Fail(1, Reading.Late(Reading.CopyTime));
        cache.Clean();

        // :: 3. Check, or serve.
        if (command.Plugins) return await new ListCommand(command.Json).CheckAsync(installation, services);
        return command.Check ? await CheckAsync(installation, services) : await ServeAsync(file, installation, plugins, services, loggers);
    }

    private static async Task<int> ListAsync(CommandLine command)
    {
        var code = 1;
        return await Reading.EndsAsync(() => code = new ListCommand(command.Json).Run(command.File, PluginFolder), Reading.CopyTime)
            ? code : Fail(1, Reading.Late(Reading.CopyTime));
    }

    private static async Task<int> CheckAsync(Installation installation, ServicePlan[] services)
    {
        var config = installation.Config;
        var taken = ListenSockets.Try(config);
        string[] notes =
        [
            .. installation.Plugins.Mistakes.Select(mistake => $"left out: {mistake}"),
            .. config.Pins.Strays(installation.Plugins).Select(stray => $"pinned: {stray}"),
            .. taken.Select(mistake => $"a start would fail now: {mistake}"),
            .. config.Access is { } access ? RuleRemarks.Of(access, [.. config.Services.Select(service => service.Name)]) : [],
        ];
        return await ServiceCheck.RunAsync(config.File.FullPath, notes, services, config.Limits, Console.Out) && taken.Count == 0 ? 0 : 1;
    }

    private static async Task<int> ServeAsync(
        string file, Installation installation, PluginHost plugins, ServicePlan[] plans, ILoggerFactory loggers)
    {
        var logger = loggers.CreateLogger("Host");
        var (config, time) = (installation.Config, TimeProvider.System);
        if (Descriptors.Most is { } most && most < Descriptors.Fewest)
        {
            Log.TooFewDescriptors(logger, most, Descriptors.Open, Descriptors.Fewest);
            return 1;
        }
        using var hangup = new Hangup();
        using var supervisor = new ServiceSupervisor(logger, time);
        var limits = config.Limits;
        using var metrics = Telemetry.Start(scraped: installation.Sockets!.Admin is not null); // before plugins have something to measure
        var services = await ServiceSet.OpenAsync(plans, limits, time);
        if (services.Refusals.All(refusal => refusal is not null))
        {
            StartReport.WriteServices(logger, installation, services);
            Log.NothingRuns(logger);
            return 1;
        }
        using var access = new AccessControl(time, logger);
        access.Set(config.Access);
        var doors = new Doors(
            config.Doors, config.Access is not null, config.Address.Host, installation.Sockets!.EndPoints, logger);
        await using var engine = new Engine(services, limits, access, doors, config.Compression, time, logger);
        using var swaps = new SwapCounts();
        var report = new ChangeReport(plugins, services, swaps, logger);
        report.Remember(ChangeReport.Troubles(installation, services.Refusals));
        var reload = new Reload(
            installation, () => Installation.Read(file, PluginFolder, listen: false, services.LoadedFor), new(config.File, PluginFolder),
            hangup, supervisor, plugins, services, Change, report, loggers, time);
        void Change(HostConfig changed)
        {
            engine.Change(changed.Access, changed.Doors);
            StartReport.WriteDoors(logger, changed, installation.Sockets, doors);
        }
        var doorway = new Doorway(time, logger);
        var health = new Health(services, () => engine.Stopping);
        await using var app = Build(installation, doorway, health, doors, engine, reload, loggers);
        app.Lifetime.ApplicationStopping.Register(() =>
        {
            Log.Stopping(logger);
            supervisor.Stopping();
            engine.Stop();
        });
        await app.StartAsync();
        await using var admin = await AdminServer.StartAsync(
            installation.Sockets.Admin, health, metrics, () => RunningPlugins.List(reload.Current, services, swaps), loggers);

        // All but a few of the host's own descriptors are open now: the others are for clients.
        if (Descriptors.Fit(limits) is not { } fitted)
        {
            Log.TooFewDescriptors(logger, Descriptors.Most!.Value, Descriptors.Open, Descriptors.Open + Descriptors.FewestFree);
            return 1;
        }
        if (fitted.Connections < limits.Connections && limits.Connections != new Limits().Connections)
            Log.FewDescriptors(logger, fitted.Connections, limits.Connections);
        engine.Bound(fitted.Connections);
        StartReport.Write(logger, installation, fitted, services, doors);
        doorway.Open(fitted.Handshakes, fitted.HandshakeShare);
        supervisor.Ready();
        await app.WaitForShutdownAsync();
        return 0;
    }

    [SuppressMessage("Reliability", "CA2000", Justification = "The application disposes its services.")]
    private static WebApplication Build(
        Installation installation, Doorway doorway, Health health, Doors doors, Engine engine, Reload reload, ILoggerFactory loggers)
    {
        var (config, sockets) = (installation.Config, installation.Sockets!);
        var limits = config.Limits;

        // A lone line feed is no line end (RFC 9112, 2.2): a proxy in front may see another request than this server does.
        AppContext.SetSwitch("Microsoft.AspNetCore.Server.Kestrel.DisableHttp1LineFeedTerminators", true);

        // An empty builder ignores appsettings.json and ASPNETCORE_ variables: the only configuration is the file.
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddSingleton(loggers);
        builder.Services.AddPages();
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = limits.StopTime + TimeSpan.FromSeconds(1));

        builder.Services.AddHostedService(_ => reload);

        TlsCertificate? certificate = null;
        if (config.Tls is not null)
        {
            certificate = new(config.Tls, loggers.CreateLogger<TlsCertificate>(), TimeProvider.System);
            builder.Services.AddHostedService(_ => certificate);
        }
        builder.Services.AddSingleton<IConnectionListenerFactory>(new SocketTransport(sockets.Take, doorway, loggers.CreateLogger("Host")));
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            BoundHandshakes(kestrel.Limits, limits);
            foreach (var endPoint in sockets.EndPoints)
            {
                kestrel.Listen(endPoint, listen =>
                {
                    // Only HTTP/1.1 has the WebSocket upgrade.
                    listen.Protocols = HttpProtocols.Http1;
                    if (certificate is not null) listen.UseHttps(certificate.Handshake(limits.HandshakeTime));
                });
            }
        });

        var app = builder.Build();
        app.Use(async (context, next) =>
        {
            if (!await health.TryAnswerAsync(context) && !await doors.TryRefuseAsync(context)) await next(context);
        });
        engine.Use(app);
        if (config.Pages is not null) app.UseLanAddress(sockets.EndPoints, config.Tls is null ? "http" : "https");
        app.UsePages(config.Pages, ClientFolder);
        return app;
    }

    /// <summary>Bounds the cost of a connection before it is one of the engine's, which counts its own.</summary>
    private static void BoundHandshakes(KestrelServerLimits kestrel, Limits limits)
    {
        kestrel.KeepAliveTimeout = limits.HandshakeTime;      // until the first byte
        kestrel.RequestHeadersTimeout = limits.HandshakeTime; // from the first byte to the last header
        kestrel.MaxRequestHeadersTotalSize = limits.HandshakeBytes;
        kestrel.MaxRequestLineSize = limits.HandshakeBytes;
        kestrel.MaxConcurrentConnections = null; // the doorway bounds them
    }

    private static int Fail(int code, string message)
    {
        Console.Error.WriteLine(message);
        return code;
    }
}
