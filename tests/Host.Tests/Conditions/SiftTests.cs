using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace SharedState.Host.Tests.Conditions;

/// <summary>
/// Conditions match the same items as in sift, an independent evaluator of MongoDB's language, where sift follows MongoDB: not for lists in
/// lists, for paths into lists of other values than objects, for an empty <c>$all</c>, and for null in objects.
/// </summary>
public sealed class SiftTests
{
    private static readonly string Folder = Repository.At("tests", "Sift");

    [SiftFact]
    public async Task ConditionsMatchTheItemsThatTheyMatchInSift()
    {
        var seed = Environment.GetEnvironmentVariable("SHAREDSTATE_SEED") is { } set ? int.Parse(set) : Random.Shared.Next();
        var random = new RandomJson(new Random(seed)) { IsPlain = true };
        using var sift = Start();
        var (matched, compared) = (0, 0);
        for (var round = 0; round < 3000; round++)
        {
            var condition = random.Condition(2);
            string[] items = [.. Enumerable.Range(0, 20).Select(_ => random.Item())];
            await sift.StandardInput.WriteLineAsync($"{{\"condition\":{condition},\"items\":[{string.Join(',', items)}]}}");
            var answer = JsonDocument.Parse((await sift.StandardOutput.ReadLineAsync())!).RootElement;
            Assert.True(answer.ValueKind == JsonValueKind.Array, $"seed {seed}: sift refused {condition}: {answer}");
            var ours = ConditionTests.Parse(condition);
            for (var index = 0; index < items.Length; index++)
            {
                var matches = ours.Matches(Encoding.UTF8.GetBytes(items[index]));
                if (matches) matched++;
                compared++;
                Assert.True(answer[index].GetBoolean() == matches, $"seed {seed}: {condition} on {items[index]}: {matches}");
            }
        }
        Assert.InRange(matched, compared / 20, compared * 19 / 20); // about a tenth
    }

    private static Process Start() => Process.Start(new ProcessStartInfo("node", ["matches.mjs"])
    {
        WorkingDirectory = Folder,
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        StandardInputEncoding = new UTF8Encoding(false),
        StandardOutputEncoding = Encoding.UTF8,
    })!;

    /// <summary>A test that needs sift; skipped where it is not installed.</summary>
    private sealed class SiftFactAttribute : FactAttribute
    {
        public SiftFactAttribute()
        {
            if (!Directory.Exists(Path.Combine(Folder, "node_modules"))) Skip = "sift is not installed: 'npm ci' in tests/Sift, or ./test.sh";
        }
    }
}
