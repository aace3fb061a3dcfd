using System.Reflection;
using SharedState.Items.Conformance;
using Xunit;

namespace SharedState.Items.Tests;

/// <summary>The contract's tests as promises, which the host reports on.</summary>
public sealed class PromiseTests
{
    [Fact]
    public void EachTestOfTheContractIsAPromiseWithAFix()
    {
        var tests = typeof(ItemFeedConformance)
            .GetMethods()
            .Where(method => method.GetCustomAttribute<FactAttribute>() is not null)
            .Select(method => method.Name);
        Assert.Equal(
            tests.Order(StringComparer.Ordinal), ContractPromise.All.Select(promise => promise.Name).Order(StringComparer.Ordinal));
        Assert.All(ContractPromise.All, promise => Assert.Matches("^[A-Z].*[.]$", promise.Fix));
    }

    [Theory]
    [InlineData(nameof(ItemServiceConformance.IdsOf1024BytesAndNamesOf512AreKept), "Ids of 1024 bytes and names of 512 are kept")]
    [InlineData(nameof(ItemServiceConformance.AConflictIsLeftOutAndTheOthersGoOn), "A conflict is left out and the others go on")]
    [InlineData(nameof(ItemServiceConformance.OneUpdateMayInsertAndRemove20000Items), "One update may insert and remove 20000 items")]
    public void ATestsNameIsTheSentence(string name, string sentence) =>
        Assert.Equal(sentence, ContractPromise.All.Single(promise => promise.Name == name).Sentence);
}
