using Xunit;

namespace SharedState.Items.Conformance;

/// <content>What opening would change.</content>
public abstract partial class ItemServiceConformance
{
    [SkippableFact]
    [Promise(
        Fix = "Let PlanAsync only read: it names what OpenAsync would create or alter, and is empty for a storage that was opened before.")]
    public async Task APlanNamesWhatOpeningWouldChangeAndChangesNothing()
    {
        var plan = await PlanAsync();
        Skip.If(plan is null, "not tried: PlanAsync returns null");
        Assert.Equal(plan.Select(change => change.Statement), (await PlanAsync())!.Select(change => change.Statement));
        Assert.DoesNotContain(plan, change => change.Alters); // an empty storage has nothing to alter

        var service = await OpenAsync();
        var (_, position) = await CommitAsync(service, Insert("a"));
        await CloseAsync(service);
        if (!IsDurable) return;
        Assert.Empty((await PlanAsync())!);
        Assert.Equal(position, (await LoadAsync(await OpenAsync())).Position);
    }

    /// <summary>Asks a service that is not open, as <c>--check</c> does.</summary>
    private async Task<IReadOnlyList<StorageChange>?> PlanAsync()
    {
        await using var service = TimedService.Of(Create(), CallTime);
        return await service.PlanAsync(NewContext(Config, "items"), CancellationToken.None);
    }
}
