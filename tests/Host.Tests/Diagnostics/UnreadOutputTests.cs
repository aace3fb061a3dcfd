using System.Globalization;
using System.IO.Pipes;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using SharedState.Host.Diagnostics;
using SharedState.Host.Tests.Engine;

namespace SharedState.Host.Tests.Diagnostics;

/// <summary>
/// Unread output (a full pipe, a terminal after Ctrl-S, a log driver that hangs) does not stop the host, and does not keep it from
/// stopping.
/// </summary>
public sealed partial class UnreadOutputTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <param name="read">Whether the output is read again while the host runs.</param>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AHostWithAFullPipeForOutputServesAndStops(bool read)
    {
        var port = FreePort();
        _folder.Write("my.json", $$$"""
            {"service": {"port": {{{port}}}},
             "services": [{"name": "items", "module": "items_service", "config": {"db_type": "sqlite", "db_name": ":memory:"}}]}
            """);

        // The shell holds the pipe open for reading, so that the host gets no EPIPE, and dd fills it. Then the host takes the shell's
        // place.
        const string Fill = "mkfifo pipe; exec 3<>pipe; dd if=/dev/zero of=pipe oflag=nonblock bs=4096";
        using var host = HostProcess.Start(_folder.FullName, ["-c", $"{Fill}; exec {HostProcess.Program} my.json >pipe 2>&1"], "/bin/sh");
        await Wait.UntilAsync(() => AcceptsAsync(port), "the host listens");
        await using (var client = await Client.ConnectAsync(new($"ws://127.0.0.1:{port}/")).WaitAsync(HostProcess.Deadline))
        {
            Assert.True((bool)(await client.PutAsync("/app/items/chnl", """{"insert":[{"id":"a"}]}"""))["ok"]!);
            host.Signal("HUP");
            Assert.Single((await client.GetAsync("/app/items/chnl"))["data"]!.AsArray());
        }
        if (read)
        {
            using var output = new StreamReader(_folder["pipe"]);
            var lines = "";
            while (!lines.Contains("there is nothing to change", StringComparison.Ordinal))
                lines += await output.ReadLineAsync().WaitAsync(HostProcess.Deadline);
            Assert.Contains("listens on", lines, StringComparison.Ordinal);
        }

        host.Signal("TERM");
        Assert.Equal(0, await host.ExitAsync(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public async Task LinesBeyondTheQueueAreDroppedAndCounted()
    {
        const int Lines = 300;
        using var reading = new AnonymousPipeServerStream(PipeDirection.In);
        using var pipe = new AnonymousPipeClientStream(PipeDirection.Out, reading.ClientSafePipeHandle);
        var writing = new StreamWriter(pipe) { AutoFlush = true }; // not disposed of: what is left in it cannot be written any more
        using var queue = new LogQueue(
            new LoggerConfiguration().WriteTo.Sink(new Written(writing)).CreateLogger(), TimeProvider.System, capacity: 10);
        await using var log = new LoggerConfiguration().WriteTo.Sink(queue).CreateLogger();

        // More than a pipe and the queue hold.
        await Task.Run(Write).WaitAsync(HostProcess.Deadline);

        using var output = new StreamReader(reading);
        var (numbers, dropped) = (new List<int>(), 0);
        while (numbers.Count + dropped < Lines)
        {
            var line = (await output.ReadLineAsync().WaitAsync(HostProcess.Deadline))!;
            if (DroppedLine().Match(line) is { Success: true } count)
                dropped += int.Parse(count.Groups[1].Value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture);
            else numbers.Add(int.Parse(NumberedLine().Match(line).Groups[1].Value, CultureInfo.InvariantCulture));
        }
        Assert.Equal(Lines, numbers.Count + dropped);
        Assert.InRange(dropped, 1, Lines - 10);
        Assert.Equal(numbers.Distinct().Order(), numbers);

        // After the output works again, nothing else is dropped.
        log.Warning("The end");
        Assert.EndsWith("The end", await output.ReadLineAsync().WaitAsync(HostProcess.Deadline), StringComparison.Ordinal);

        void Write()
        {
            for (var n = 0; n < Lines; n++) log.Warning("{Number} {Text}", n, new string('x', 2_000));
        }
    }

    [Fact]
    public async Task AClosingQueueWritesItsLinesAndDoesNotWaitForABlockedOutput()
    {
        using var reading = new AnonymousPipeServerStream(PipeDirection.In);
        using var pipe = new AnonymousPipeClientStream(PipeDirection.Out, reading.ClientSafePipeHandle);
        var writing = new StreamWriter(pipe) { AutoFlush = true }; // not disposed of: what is left in it cannot be written any more
        var open = new LogQueue(new LoggerConfiguration().WriteTo.Sink(new Written(writing)).CreateLogger(), TimeProvider.System);
        open.Emit(NewEvent("short"));
        open.Dispose();
        using var output = new StreamReader(reading);
        Assert.EndsWith("short", await output.ReadLineAsync().WaitAsync(HostProcess.Deadline), StringComparison.Ordinal);

        var blocked = new LogQueue(new LoggerConfiguration().WriteTo.Sink(new Written(writing)).CreateLogger(), TimeProvider.System);
        for (var n = 0; n < 100; n++) blocked.Emit(NewEvent(new string('x', 4_000)));
        await Task.Run(blocked.Dispose).WaitAsync(HostProcess.Deadline);
    }

    private static LogEvent NewEvent(string text) =>
        new(DateTimeOffset.UnixEpoch, LogEventLevel.Warning, null, new Serilog.Parsing.MessageTemplateParser().Parse(text), []);

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static async Task<bool> AcceptsAsync(int port)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    [GeneratedRegex("WRN ([0-9,]+) log lines were dropped, because the output was not read$")]
    private static partial Regex DroppedLine();

    [GeneratedRegex("WRN ([0-9]+) x+$")]
    private static partial Regex NumberedLine();

    private sealed class Written(TextWriter output) : ILogEventSink
    {
        private readonly TextLines _lines = new(colours: false);

        public void Emit(LogEvent logEvent) => _lines.Format(logEvent, output);
    }
}
