namespace SharedState.Host.PluginTest;

/// <summary>Asks a worker one promise after the other, with a new worker after each that hung or died, and has it all written to the report card.</summary>
internal sealed class Examination(TestRequest request, ReportCard card)
{
    private const int Kills = 3;

    // A plugin that hangs here and there is known after so many; the rest would cost a limit each.
    private const int MostHangs = 3;

    // A load and a few commits: beyond that something hangs.
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(60);

    private WorkerProcess? _worker;
    private int _gone;

    /// <summary>Whether all promises are kept.</summary>
    public async Task<bool> RunAsync()
    {
        try
        {
            // :: 1. Whether it loads, and opens: without these there is nothing to test.
            var loaded = await StartAsync();
            if (loaded.Failure is { } refusal) return card.NotLoaded(request.Folder, refusal);
            card.Begin(loaded.Title!, loaded.About!, request.Folder);
            card.Part("Faults");
            if (!await AskAsync(loaded.Questions![0])) return card.End("The rest was not tested: first it must open.");
            var removals = await _worker!.AskAsync("removals", request.Limit);
            if (removals.Failure is { } failure)
            {
                card.Broken("It stores items and gives them back", failure, "Begin with CommitAsync and LoadAsync, for one collection and one update.");
                return card.End("The rest was not tested: first it must store.");
            }

            // :: 2. The other promises, the faults first.
            foreach (var part in loaded.Questions.Skip(1).Where(IsAsked).GroupBy(question => question.Part))
            {
                if (part.Key != "Faults") card.Part(part.Key, removals.RemembersRemovals == false ? "removals are not remembered: who comes back gets the whole collection" : "");
                foreach (var question in part)
                {
                    if (_gone >= MostHangs) return card.End("The rest was not tested: it hung or ended its process too often.");
                    if (question.Name == Storm.Name) await KillAsync();
                    else await AskAsync(question);
                }
            }

            // :: 3. How fast it is.
            if (request.Only is null) await MeasureAsync();
            return card.End(null);
        }
        finally
        {
            if (_worker is not null) await _worker.EndAsync();
            _worker?.Dispose();
        }
    }

    private bool IsAsked(Question question) => request.Only is null || question.Sentence.Contains(request.Only, StringComparison.OrdinalIgnoreCase);

    private async Task<Answer> StartAsync()
    {
        _worker?.Dispose();
        _worker = WorkerProcess.Start(request);
        return await _worker.AskAsync("load", Short);
    }

    /// <summary>Asks the worker that is there, or a new one that knows what the last one found out.</summary>
    private async Task<Answer> AskAsync(string name, TimeSpan limit)
    {
        if (_worker!.IsGone)
        {
            await StartAsync();
            await _worker.AskAsync("removals", Short);
        }
        var answer = await _worker.AskAsync(name, limit);
        if (_worker.IsGone) _gone++;
        return answer;
    }

    private async Task<bool> AskAsync(Question question)
    {
        if (question.LeftOut is { } why)
        {
            card.LeftOut(question.Sentence, why);
            return true;
        }
        var answer = await AskAsync(question.Name, request.Limit);
        if (answer.Failure is null) card.Kept(question.Sentence);
        else card.Broken(question.Sentence, answer.Failure, question.Fix);
        return answer.Failure is null;
    }

    /// <summary>Kills a worker in the middle of its commits, and has the next one look at what is there.</summary>
    private async Task KillAsync()
    {
        if (!request.IsDurable)
        {
            card.LeftOut(Storm.Sentence, "--not-durable");
            return;
        }
        Directory.CreateDirectory(Path.Combine(request.Scratch, "storm"));
        var (name, acknowledged) = (Storage.NewName(), 0L);
        for (var kill = 0; kill <= Kills; kill++)
        {
            using var worker = WorkerProcess.Start(request);
            var answer = await worker.AskAsync("load", Short);
            if (answer.Failure is null) answer = await worker.AskAsync($"storm {name}", request.Limit);
            if (answer.Failure is null && answer.Batch < acknowledged)
                answer = new() { Failure = $"Batch {acknowledged} was acknowledged before the kill; after it, {answer.Batch} is the last that is stored." };
            for (var batches = 0; answer.Failure is null && kill < Kills && batches < 20 + (30 * kill); batches++)
            {
                answer = await worker.NextAsync(request.Limit);
                acknowledged = answer.Batch ?? acknowledged;
            }
            if (answer.Failure is { } failure)
            {
                card.Broken(Storm.Sentence, failure, Storm.Fix);
                return;
            }
            worker.Kill();

            // What came through before the kill is acknowledged too.
            while (kill < Kills && await worker.NextAsync(Short) is { Batch: { } batch }) acknowledged = batch;
        }
        card.Kept(Storm.Sentence);
    }

    private async Task MeasureAsync()
    {
        card.Throughput(request.IsDurable);
        foreach (var updates in new[] { 1, 100 })
        {
            var answer = await AskAsync($"measure {updates}", request.Limit);
            if (answer.Rates is { } rates) card.Rate(rates);
            else card.NotMeasured(updates, answer.Failure ?? "");
        }
    }
}
