using System.Diagnostics;
using System.Text.Json;
using System.Threading.Channels;

namespace SharedState.Host.PluginTest;

/// <summary>A worker process, for the examination: answers one question at a time, and is killed if it does not answer.</summary>
internal sealed class WorkerProcess : IDisposable
{
    private readonly Process _process;
    private readonly Channel<Answer> _answers = Channel.CreateUnbounded<Answer>();
    private readonly List<string> _errors = [];

    private WorkerProcess(Process process) => _process = process;

    public static WorkerProcess Start(TestRequest request)
    {
        // The process is either the program's own executable, or dotnet with the assembly as an argument.
        var program = Environment.ProcessPath!;
        string[] arguments = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [typeof(WorkerProcess).Assembly.Location] : [];
        var start = new ProcessStartInfo(program, [.. arguments, "plugin", "test", PluginTestMode.Worker])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var worker = new WorkerProcess(new() { StartInfo = start });
        worker._process.OutputDataReceived += (_, line) => worker.Take(line.Data);
        worker._process.ErrorDataReceived += (_, line) => worker.TakeError(line.Data);
        worker._process.Start();
        worker._process.BeginOutputReadLine();
        worker._process.BeginErrorReadLine();
        worker._process.StandardInput.WriteLine(JsonSerializer.Serialize(request));
        return worker;
    }

    /// <summary>Whether the worker has ended and cannot answer any more.</summary>
    public bool IsGone { get; private set; }

    /// <summary>Asks a question and waits for the answer. If the worker hangs or ends, the answer is a failure.</summary>
    public async Task<Answer> AskAsync(string question, TimeSpan limit)
    {
        try
        {
            await _process.StandardInput.WriteLineAsync(question);
        }
        catch (IOException)
        {
            // The worker has ended; NextAsync notices that.
        }
        return await NextAsync(limit);
    }

    /// <summary>Waits for another answer to the same question.</summary>
    public async Task<Answer> NextAsync(TimeSpan limit)
    {
        using var late = new CancellationTokenSource(limit);
        try
        {
            return await _answers.Reader.ReadAsync(late.Token);
        }
        catch (OperationCanceledException)
        {
            Kill();
            return new() { Failure = $"It did not end within {limit.TotalSeconds:0} seconds." };
        }
        catch (ChannelClosedException)
        {
            Kill();
            return new() { Failure = $"It ended the process. {LastWords()}" };
        }
    }

    /// <summary>Ends the worker at once, as a power failure would.</summary>
    public void Kill()
    {
        IsGone = true;
        _process.Kill();
        _process.WaitForExit();
    }

    public async Task EndAsync()
    {
        if (IsGone) return;
        _process.StandardInput.Close();
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        try
        {
            await _process.WaitForExitAsync(late.Token);
        }
        catch (OperationCanceledException)
        {
            Kill();
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.Dispose();
    }

    private void Take(string? line)
    {
        if (line is null) _answers.Writer.TryComplete();
        else if (line.StartsWith('{')) _answers.Writer.TryWrite(JsonSerializer.Deserialize<Answer>(line)!);
    }

    private void TakeError(string? line)
    {
        if (line is null) return;
        lock (_errors) _errors.Add(line);
    }

    private string LastWords()
    {
        lock (_errors)
            return _errors.Find(line => line.StartsWith("Unhandled exception", StringComparison.Ordinal)) ?? _errors.LastOrDefault() ?? "";
    }
}
