using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using SharedState.Bench.Load.Native;

namespace SharedState.Bench.Load.Contestants;

/// <summary>A contestant that is started again and again in one folder, to see how long it takes until it answers.</summary>
internal sealed class Startable(Setup setup) : IDisposable
{
    private const long Patience = 60_000_000_000; // nanoseconds

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sharedstate-bench-");

    public Contestant Contestant => setup.Contestant;

    /// <summary>Starts it, asks until it answers an HTTP request, and ends it in good order.</summary>
    /// <returns>Milliseconds from the start of its process to its first answer.</returns>
    public double Start()
    {
        var port = FreePort();
        var start = setup.Start(_folder, port);
        var begin = Clock.Now;
        using var process = Process.Start(start)!;
        var drain = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
        try
        {
            while (!Answers(port))
            {
                if (process.HasExited) throw new Violation($"it ended with {process.ExitCode} before it answered");
                if (Clock.Now - begin > Patience) throw new Violation("it does not answer");
            }
            return (Clock.Now - begin) / 1e6;
        }
        finally
        {
            // It is to find its database as a server leaves it, not as a crash does.
            _ = Libc.Signal(process.Id, Libc.Terminate);
            process.WaitForExit();
            drain.Wait();
        }
    }

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>False while nobody listens; no pause is needed between two attempts, since the server has another core.</summary>
    private static bool Answers(int port)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(IPAddress.Loopback, port);
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionRefused)
        {
            return false;
        }
        socket.Send("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8);
        Span<byte> answer = stackalloc byte[512];
        var count = socket.Receive(answer);
        if (!answer[..count].StartsWith("HTTP/1.1 200 "u8)) throw new Violation("its first answer was not what was asked for");
        return true;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
