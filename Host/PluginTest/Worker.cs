using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using SharedState.Host.Plugins;
using SharedState.Host.Storages;

namespace SharedState.Host.PluginTest;

/// <summary>
/// The process in which the tested plugin runs, so that the report survives if the plugin hangs, crashes or is killed. It reads questions,
/// one line each, and writes an answer to each, one line of JSON.
/// </summary>
internal sealed class Worker(TestRequest request, Action<Answer> answer)
{
    /// <summary>Why only a test project can kill the storage and put older copies in its place.</summary>
    public const string NoFiles = "it keeps no files in the folder of relative paths: only in a test project";

    private TestedPlugin? _plugin;
    private bool _remembersRemovals, _keepsFiles;

    public static async Task<int> RunAsync()
    {
        // The output of the plugin must not be mistaken for an answer.
        var answers = new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = true };
        Console.SetOut(Console.Error);
        ConformanceFolder.Use();
        var request = JsonSerializer.Deserialize<TestRequest>(Console.In.ReadLine() ?? "{}")!;
        var worker = new Worker(request, answer => answers.WriteLine(JsonSerializer.Serialize(answer)));
        while (await Console.In.ReadLineAsync() is { } line) await worker.AnswerAsync(line.Split(' '));
        return 0;
    }

    private async Task AnswerAsync(string[] question)
    {
        try
        {
            answer(question switch
            {
                ["load"] => await LoadAsync(),
                ["fault", var number] => await TestAsync(FaultTests.All[int.Parse(number)]),
                ["removals"] => await FindRemovalsAsync(),
                ["contract", var name] => await KeepAsync(name),
                ["storm", var folder, var name] => await StormAsync(new Storage(_plugin!, Path.Combine(request.Scratch, folder), name)),
                ["measure", var updates] => new() { Rates = await MeasureAsync(int.Parse(updates)) },
                _ => new() { Failure = $"unknown question {string.Join(' ', question)}" },
            });
        }
        catch (Exception e)
        {
            answer(new() { Failure = Said(e) });
        }
    }

    private async Task<Answer> LoadAsync()
    {
        _plugin = TestedPlugin.Load(request.Folder, request.Config, NullLoggerFactory.Instance);
        var manifest = _plugin.Manifest;
        var contract = typeof(IItemService).Assembly.GetName().Version!.ToString(2);
        var types = manifest.DbTypes.Count == 0 ? "any db_type" : $"db_type {string.Join(", ", manifest.DbTypes)}";
        return new() { Title = manifest.Title, About = $"{types}, contract {contract}", Questions = await QuestionsAsync() };
    }

    private async Task<List<Question>> QuestionsAsync()
    {
        // Disposing must work for an instance that was never opened, too.
        var service = await Limited.CallAsync("The constructor", Storage.CallTime, () => Task.FromResult(_plugin!.Create()));
        await Storage.CloseAsync(service);
        List<Question> questions = [.. FaultTests.All.Select(
            (test, place) => new Question("Faults", $"fault {place}", test.Sentence, test.Fix, null))];
        var notDurable = request.IsDurable ? null : "--not-durable";
        questions.Add(new("Faults", Storm.Name, Storm.Sentence, Storm.Fix, notDurable));
        questions.Add(new("Faults", LossyDisk.Name, LossyDisk.Sentence, LossyDisk.Fix, notDurable));
        questions.AddRange(Contract.Questions(service is IItemFeed, request));
        return questions;
    }

    private async Task<Answer> TestAsync(FaultTest test)
    {
        await test.RunAsync(_plugin!, NewStorage());
        return new();
    }

    /// <summary>
    /// Whether the plugin remembers removals, and whether it stores in files of the folder: the contract allows all of it.
    /// </summary>
    private async Task<Answer> FindRemovalsAsync()
    {
        var storage = NewStorage();
        var service = await storage.OpenAsync();
        await service.CommitAsync(
            [new() { Key = FaultTests.Key, Insert = [FaultTests.NewItem("a", 0), FaultTests.NewItem("b", 0)] }], CancellationToken.None);
        await service.CommitAsync([new() { Key = FaultTests.Key, Remove = ["a"] }], CancellationToken.None);
        var collection = await service.LoadAsync(FaultTests.Key, CancellationToken.None);
        if (collection.Items.Count != 1)
            throw new TestFailure($"Two items were inserted and one of them removed; {collection.Items.Count} are there.");
        _remembersRemovals = collection.Tombstones.Count > 0;
        await Storage.CloseAsync(service);
        _keepsFiles = Directory.EnumerateFiles(storage.Folder, "*", SearchOption.AllDirectories).Any();
        return new() { RemembersRemovals = _remembersRemovals, KeepsFiles = _keepsFiles };
    }

    private async Task<Answer> KeepAsync(string name)
    {
        if (!_keepsFiles && Contract.NeedsFiles(name)) return new() { LeftOut = NoFiles };
        return new() { LeftOut = await Contract.RunAsync(name, _plugin!, NewStorage, request, _remembersRemovals, _keepsFiles) };
    }

    /// <summary>Answers with the stored batch, then writes without an end.</summary>
    private async Task<Answer> StormAsync(Storage storage)
    {
        var service = await storage.OpenAgainAsync(TimeSpan.FromSeconds(30));
        var stored = await Storm.FindAsync(service);
        answer(new() { Batch = stored });
        await Storm.RunAsync(service, stored, number => answer(new() { Batch = number }));
        return new();
    }

    private async Task<Throughput.Rates> MeasureAsync(int updates)
    {
        var folder = Path.Combine(AppContext.BaseDirectory, "plugins", "Items.Sqlite");
        var values = new Dictionary<string, string> { ["db_name"] = request.IsDurable ? "items.db" : ":memory:" };
        var sqlite = TestedPlugin.Load(folder, values, NullLoggerFactory.Instance);
        var yardstick = await new Storage(sqlite, NewFolder(), Storage.NewName()).OpenAsync();
        var tested = await NewStorage().OpenAsync();
        await Throughput.FillAsync(yardstick);
        await Throughput.FillAsync(tested);
        var rates = await Throughput.MeasureAsync(tested, yardstick, updates, NewFolder());
        await Storage.CloseAsync(tested);
        await Storage.CloseAsync(yardstick);
        return rates;
    }

    private Storage NewStorage() => new(_plugin!, NewFolder(), Storage.NewName());

    private string NewFolder() => Directory.CreateDirectory(Path.Combine(request.Scratch, $"{Guid.NewGuid():N}")).FullName;

    private static string Said(Exception failure) => failure switch
    {
        TestFailure or PluginException => failure.Message,
        ItemServiceException storage => $"ItemServiceException, {storage.Fault}: {storage.Message}",
        { } other when other.GetType().Namespace == "Xunit.Sdk" => other.Message,
        _ => $"{failure.GetType().Name}: {StorageFault.Line(failure)}\n{failure.StackTrace}",
    };

    /// <summary>The code that uses types of the contract's tests, whose assemblies only this mode loads.</summary>
    private static class Contract
    {
        [MethodImpl(MethodImplOptions.NoInlining)]
        public static IEnumerable<Question> Questions(bool hasFeed, TestRequest request) => Items.Conformance.ContractPromise.All
            .Where(promise => hasFeed || !promise.IsOfFeed)
            .Select(promise => new Question(
                promise.IsOfFeed ? "The feed" : "The contract",
                $"contract {promise.Name}",
                promise.Sentence,
                promise.Fix,
                promise.Needs switch
                {
                    Items.Conformance.Need.Durability or Items.Conformance.Need.OperatedStorage when !request.IsDurable => "--not-durable",
                    Items.Conformance.Need.HeldCommit => "only in a test project",
                    Items.Conformance.Need.OtherConfig when request.Other.Count == 0 => "no --other",
                    _ => null,
                }));

        [MethodImpl(MethodImplOptions.NoInlining)]
        public static bool NeedsFiles(string name) =>
            Items.Conformance.ContractPromise.All.Single(promise => promise.Name == name).Needs == Items.Conformance.Need.OperatedStorage;

        [MethodImpl(MethodImplOptions.NoInlining)]
        public static Task<string?> RunAsync(
            string name, TestedPlugin plugin, Func<Storage> storage, TestRequest request, bool remembersRemovals, bool keepsFiles) =>
            Items.Conformance.ContractPromise.All.Single(promise => promise.Name == name).RunAsync(() =>
            {
                var empty = storage();
                return new()
                {
                    Create = plugin.Create,
                    Config = empty.Config,
                    OtherConfig = request.Other.Count == 0 ? null : empty.ConfigWith(request.Other),
                    BaseDirectory = empty.Folder,
                    IsDurable = request.IsDurable,
                    RemembersRemovals = remembersRemovals,
                    Operated = keepsFiles ? () => new Items.Conformance.OperatedFolder(empty.Folder) : null,
                };
            });
    }
}
