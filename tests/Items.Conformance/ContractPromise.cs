using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using Xunit.Sdk;

namespace SharedState.Items.Conformance;

/// <summary>One promise of the contract: a test of the suite that anybody may run, without a test runner, on any storage.</summary>
public sealed partial class ContractPromise
{
    private readonly MethodInfo _test;
    private readonly PromiseAttribute _about;

    private ContractPromise(MethodInfo test, PromiseAttribute about) => (_test, _about) = (test, about);

    /// <summary>All promises, those of the service first and then those of the feed.</summary>
    public static IReadOnlyList<ContractPromise> All { get; } =
    [
        .. typeof(ItemFeedConformance).GetMethods()
            .Select(test => (Test: test, About: test.GetCustomAttribute<PromiseAttribute>()))
            .Where(found => found.About is not null)
            .Select(found => new ContractPromise(found.Test, found.About!))
            .OrderBy(promise => promise.IsOfFeed),
    ];

    /// <summary>The name of its test.</summary>
    public string Name => _test.Name;

    /// <summary>The promise as a sentence.</summary>
    public string Sentence
    {
        get
        {
            var words = WordPattern().Matches(Name).Select((word, place) => place == 0 ? word.Value : word.Value.ToLowerInvariant());
            return string.Join(' ', words);
        }
    }

    /// <summary>What keeps it, as advice to who breaks it.</summary>
    public string Fix => _about.Fix;

    /// <summary>What a storage must be for it to mean anything.</summary>
    public Need Needs => _about.Needs;

    /// <summary>Whether it is one of <see cref="IItemFeed"/>, not of <see cref="IItemService"/>.</summary>
    public bool IsOfFeed => _test.DeclaringType == typeof(ItemFeedConformance);

    /// <summary>Runs the test, each case of it on a storage of its own.</summary>
    /// <param name="storage">Gives an empty storage.</param>
    /// <returns>Why the promise was not tried on such a storage; null if it was.</returns>
    /// <exception cref="Exception">The promise is broken; the message says what was found.</exception>
    public async Task<string?> RunAsync(Func<TestedStorage> storage)
    {
        var cases = _test.GetCustomAttributes<DataAttribute>().SelectMany(data => data.GetData(_test)).DefaultIfEmpty([]);
        foreach (var arguments in cases)
        {
            var conformance = new StorageConformance(storage());
            await conformance.InitializeAsync();
            try
            {
                await (Task)_test.Invoke(conformance, arguments)!;
            }
            catch (SkipException untried)
            {
                return untried.Message;
            }
            catch (XunitException e) when (arguments.Length > 0)
            {
                throw new XunitException($"With {string.Join(", ", arguments)}: {e.Message}", e);
            }
            finally
            {
                await conformance.DisposeAsync();
            }
        }
        return null;
    }

    [GeneratedRegex("[A-Z][a-z]*|[0-9]+")]
    private static partial Regex WordPattern();

    /// <summary>Not public, so that no test runner finds it.</summary>
    private sealed class StorageConformance(TestedStorage storage) : ItemFeedConformance
    {
        protected override IReadOnlyDictionary<string, string> Config => storage.Config;

        protected override IReadOnlyDictionary<string, string>? OtherConfig => storage.OtherConfig;

        protected override string BaseDirectory => storage.BaseDirectory;

        protected override bool IsDurable => storage.IsDurable;

        protected override bool RemembersRemovals => storage.RemembersRemovals;

        protected override ILogger Logger => storage.Logger;

        protected override OperatedStorage? NewOperatedStorage() => storage.Operated?.Invoke();

        protected override IItemService Create() => storage.Create();
    }
}
