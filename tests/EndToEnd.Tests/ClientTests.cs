using System.Diagnostics;
using SharedState.Host.Tests;

namespace SharedState.EndToEnd.Tests;

/// <summary>The client's own tests, which run on Node. <c>./test.sh</c> leaves this test out, and runs and counts them one by
/// one.</summary>
[Trait("Category", "Client")]
public sealed class ClientTests
{
    [NodeFact]
    public async Task TheClientsTestsPass()
    {
        using var node = Process.Start(
            new ProcessStartInfo("npm", ["test"]) { WorkingDirectory = NodeFactAttribute.Folder, RedirectStandardOutput = true })!;
        var output = await node.StandardOutput.ReadToEndAsync();
        await node.WaitForExitAsync();
        Assert.True(node.ExitCode == 0, output);
    }

    /// <summary>A test that needs Node and the client's packages; skipped, and says so, where they are not installed.</summary>
    private sealed class NodeFactAttribute : FactAttribute
    {
        public static string Folder { get; } = Repository.At("client");

        public NodeFactAttribute()
        {
            if (!Directory.Exists(Path.Combine(Folder, "node_modules")))
                Skip = "the client's packages are not installed; ./test.sh installs them and runs the tests of the client and of its pages";
        }
    }
}
