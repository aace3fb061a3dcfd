namespace SharedState.Host.PluginTest;

/// <summary>Tests one promise after another in a worker and fills the report card. A worker that hung or died is replaced.</summary>
internal sealed class Examination(TestRequest request, ReportCard card)
{
    private const int Kills = 3;

    // The examination ends after this many hangs, because each further one would cost the whole time limit.
    private const int MostHangs = 3;

    // For a load and a few commits. A worker that takes longer hangs.
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(60);

    private WorkerProcess? _worker;
    private bool _keepsFiles;
    private int _gone;

    /// <summary>Whether the plugin keeps all promises.</summary>
    public async Task<bool> RunAsync()
    {
        try
        {
            // :: 1. Load, open and store. Without these there is nothing to test.
            var loaded = await StartAsync();
            if (loaded.Failure is { } refusal) return card.NotLoaded(request.Folder, refusal);
            card.Begin(loaded.Title!, loaded.About!, request.Folder);
            card.Part("Faults");
            if (!await AskAsync(loaded.Questions![0])) return card.End("The rest was not tested: first it must open.");
            var removals = await _worker!.AskAsync("removals", request.Limit);
            if (removals.Failure is { } failure)
            {
                card.Broken(
                    "It stores items and gives them back", failure,
                    "Begin with CommitAsync and LoadAsync, for one collection and one update.");
                return card.End("The rest was not tested: first it must store.");
            }

            // :: 2. Test the other promises, faults first.
            _keepsFiles = removals.KeepsFiles == true;
            var remark = removals.RemembersRemovals == false
                ? "removals are not remembered: a client that reconnects gets the whole collection"
                : "";
            foreach (var part in loaded.Questions.Skip(1).Where(IsAsked).GroupBy(question => question.Part))
            {
                if (part.Key != "Faults") card.Part(part.Key, remark);
                foreach (var question in part)
                {
                    if (_gone >= MostHangs) return card.End("The rest was not tested: it hung or ended its process too often.");
                    switch (question)
                    {
                        case { LeftOut: { } why }: card.LeftOut(question.Sentence, why); break;
                        case { Name: Storm.Name }: await KillAsync(question); break;
                        case { Name: LossyDisk.Name }: await FailPowerAsync(question); break;
                        default: await AskAsync(question); break;
                    }
                }
            }

            // :: 3. Measure the throughput.
            if (request.Only is null) await MeasureAsync();
            return card.End(null);
        }
        finally
        {
            if (_worker is not null) await _worker.EndAsync();
            _worker?.Dispose();
        }
    }

    private bool IsAsked(Question question) =>
        request.Only is null || question.Sentence.Contains(request.Only, StringComparison.OrdinalIgnoreCase);

    private async Task<Answer> StartAsync()
    {
        _worker?.Dispose();
        _worker = WorkerProcess.Start(request);
        return await _worker.AskAsync("load", Short);
    }

    /// <summary>Asks the present worker, or a new one with the same knowledge.</summary>
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
        var answer = await AskAsync(question.Name, request.Limit);
        if (answer.LeftOut is { } why) card.LeftOut(question.Sentence, why);
        else if (answer.Failure is null) card.Kept(question.Sentence);
        else card.Broken(question.Sentence, answer.Failure, question.Fix);
        return answer.Failure is null;
    }

    private Task KillAsync(Question question)
    {
        Directory.CreateDirectory(Path.Combine(request.Scratch, Storm.Name));
        return StormAsync(question, afterKill: () => { });
    }

    private async Task FailPowerAsync(Question question)
    {
        if (!_keepsFiles)
        {
            card.LeftOut(question.Sentence, Worker.NoFiles);
            return;
        }
        try
        {
            using var disk = LossyDisk.Mount(Path.Combine(request.Scratch, LossyDisk.Name));
            await StormAsync(question, disk.Fail);
        }
        catch (IOException e)
        {
            card.LeftOut(question.Sentence, e.Message);
        }
    }

    /// <summary>Kills a worker during its commits, and lets the next worker check the stored items.</summary>
    private async Task StormAsync(Question question, Action afterKill)
    {
        var (name, acknowledged) = (Storage.NewName(), 0L);
        for (var kill = 0; kill <= Kills; kill++)
        {
            using var worker = WorkerProcess.Start(request);
            var answer = await worker.AskAsync("load", Short);
            if (answer.Failure is null) answer = await worker.AskAsync($"storm {question.Name} {name}", request.Limit);
            if (answer.Failure is null && answer.Batch < acknowledged)
            {
                var found = $"Batch {acknowledged} was acknowledged; the last stored batch after the failure is {answer.Batch}.";
                answer = new() { Failure = found };
            }
            for (var batches = 0; answer.Failure is null && kill < Kills && batches < 20 + (30 * kill); batches++)
            {
                answer = await worker.NextAsync(request.Limit);
                acknowledged = answer.Batch ?? acknowledged;
            }
            if (answer.Failure is { } failure)
            {
                // The worker may still have files open.
                worker.Kill();
                card.Broken(question.Sentence, failure, question.Fix);
                return;
            }
            worker.Kill();

            // Answers that arrived before the kill count as acknowledged too.
            while (kill < Kills && await worker.NextAsync(Short) is { Batch: { } batch }) acknowledged = batch;
            afterKill();
        }
        card.Kept(question.Sentence);
    }

    private async Task MeasureAsync()
    {
        card.Throughput(request.IsDurable);
        foreach (var updates in new[] { 1, 100 })
        {
            var answer = await AskAsync($"measure {updates}", request.Limit);
            if (answer.Rates is { } rates) card.Rate(rates, request.IsDurable);
            else card.NotMeasured(updates, answer.Failure ?? "");
        }
    }
}
