namespace SharedState.Host.PluginTest;

/// <summary><c>sharedstate plugin test DIR</c>: tests a plugin for its author and prints a report card.</summary>
internal static class PluginTestMode
{
    /// <summary>The argument of the worker process, instead of a folder.</summary>
    public const string Worker = "--worker";

    public static bool IsAsked(IReadOnlyList<string> arguments) => arguments is ["plugin", ..];

    /// <returns>The exit code: 0 all promises are kept, 1 a promise is broken, 2 the command line is wrong.</returns>
    public static async Task<int> RunAsync(string[] arguments)
    {
        if (arguments is ["plugin", "test", Worker]) return await PluginTest.Worker.RunAsync();
        if (arguments.Any(argument => argument is "--help" or "-h"))
        {
            Console.WriteLine(TestRequest.Usage);
            return 0;
        }
        var request = arguments is ["plugin", "test", .. var rest] ? TestRequest.Parse(rest) : null;
        if (request is null or { Mistake: not null })
        {
            await Console.Error.WriteLineAsync(request?.Mistake ?? "the only plugin command is: sharedstate plugin test DIR; see --help");
            return 2;
        }
        TemporaryFolder scratch;
        try
        {
            scratch = new();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync(
                $"the storages of the test need a temporary folder, and {Path.GetTempPath()} cannot be written to; let TMPDIR name another "
                    + "one");
            return 2;
        }
        using (scratch)
        {
            var card = new ReportCard(request.Json ? TextWriter.Null : Console.Out);
            var good = await new Examination(request with { Scratch = scratch.Path }, card).RunAsync();
            if (request.Json) Console.WriteLine(card.Report.ToJson());
            return await TryWriteAsync(card.Report, request.JUnit) ? good ? 0 : 1 : 2;
        }
    }

    private static async Task<bool> TryWriteAsync(Report report, string? file)
    {
        if (file is null) return true;
        try
        {
            await File.WriteAllTextAsync(file, report.ToJUnit().ToString());
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"{file} cannot be written: {e.Message}");
            return false;
        }
    }
}
