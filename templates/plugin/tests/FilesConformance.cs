using SharedState;
using SharedState.Items.Conformance;

namespace Acme.Items.Files.Tests;

/// <summary>The storage contract, on a folder that each test has for itself.</summary>
public sealed class FilesConformance : ItemServiceConformance
{
    private readonly string _folder = Directory.CreateTempSubdirectory("files-test-").FullName;

    protected override IReadOnlyDictionary<string, string> Config => new Dictionary<string, string> { ["db_name"] = _folder };

    protected override bool RemembersRemovals => false;

    protected override OperatedStorage NewOperatedStorage() => new OperatedFolder(_folder);

    protected override IItemService Create() => new FilesItemService();

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
