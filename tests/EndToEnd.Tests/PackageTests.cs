using System.Diagnostics;
using System.IO.Compression;
using System.Xml.Linq;
using SharedState.Host.Tests;

namespace SharedState.EndToEnd.Tests;

/// <summary>The contract as packages: outside of this repository a storage is tested by a project and one subclass.</summary>
public sealed class PackageTests : IDisposable
{
    private static readonly string[] _packed = ["Abstractions", "tests/Items.Conformance"];

    /// <summary>A version of its own, so that no older package can be meant.</summary>
    private readonly string _version = $"1.0.0-test.{Guid.NewGuid():N}";

    private readonly TempFolder _folder = new();

    /// <summary>As docs/PLUGINS.md has it.</summary>
    private string Plugin => $"""
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup>
            <TargetFramework>net10.0</TargetFramework>
            <EnableDynamicLoading>true</EnableDynamicLoading>
            <ImplicitUsings>enable</ImplicitUsings>
            <Nullable>enable</Nullable>
          </PropertyGroup>
          <ItemGroup>
            <PackageReference Include="SharedState.Abstractions" Version="{_version}" ExcludeAssets="runtime" />
          </ItemGroup>
        </Project>
        """;

    private string Tests => $"""
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup>
            <TargetFramework>net10.0</TargetFramework>
            <ImplicitUsings>enable</ImplicitUsings>
            <Nullable>enable</Nullable>
          </PropertyGroup>
          <ItemGroup>
            <ProjectReference Include="../plugin/Plugin.csproj" />
            <PackageReference Include="Microsoft.NET.Test.Sdk" Version="{VersionOf("Microsoft.NET.Test.Sdk")}" />
            <PackageReference Include="SharedState.Items.Conformance" Version="{_version}" />
            <PackageReference Include="xunit.runner.visualstudio" Version="{VersionOf("xunit.runner.visualstudio")}" />
          </ItemGroup>
        </Project>
        """;

    private const string Subclass = """
        using SharedState;
        using SharedState.Items.Conformance;
        using SharedState.Items.Tests;

        public sealed class MemoryConformance : ItemFeedConformance
        {
            protected override IReadOnlyDictionary<string, string> Config { get; } = new Dictionary<string, string> { ["db_name"] = $"{Guid.NewGuid()}" };

            protected override bool IsDurable => false;

            protected override IItemService Create() => new MemoryItemService();
        }
        """;

    /// <summary>What is there already comes from the ordinary folder of packages, what is packed here goes into one that is gone with the test.</summary>
    private static string Sources => $"""
        <configuration>
          <config><add key="globalPackagesFolder" value="unpacked" /></config>
          <packageSources><add key="packed here" value="packed" /></packageSources>
          <fallbackPackageFolders><add key="ordinary" value="{OrdinaryPackages}" /></fallbackPackageFolders>
        </configuration>
        """;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task AStorageIsTestedAgainstThePackagesAndAWrongOneFails()
    {
        foreach (var project in _packed)
        {
            var (packed, output) = await DotnetAsync(
                "pack", Repository.At(project), "-c", "Release", "-o", _folder["packed"], "--artifacts-path", _folder["built"], $"-p:PackageVersion={_version}");
            Assert.True(packed, output);
        }
        AssertComplete("SharedState.Abstractions");
        Assert.Equal([$"SharedState.Abstractions {_version}", $"xunit {VersionOf("xunit")}"], AssertComplete("SharedState.Items.Conformance"));

        _folder.Write("NuGet.config", Sources);
        _folder.Write("plugin/Plugin.csproj", Plugin);
        _folder.Write("tests/Tests.csproj", Tests);
        var sample = await File.ReadAllTextAsync(Repository.At("tests", "Items.Tests", "MemoryItemService.cs"));
        _folder.Write("plugin/MemoryItemService.cs", sample);
        _folder.Write("tests/MemoryConformance.cs", Subclass);

        // The wrong one takes a and A for the same.
        _folder.Write("plugin/WrongItemService.cs", sample.Replace("MemoryItemService", "WrongItemService").Replace("StringComparer.Ordinal", "StringComparer.OrdinalIgnoreCase"));
        _folder.Write("tests/WrongConformance.cs", Subclass.Replace("Memory", "Wrong"));

        var right = await TestAsync("MemoryConformance", "FullyQualifiedName~MemoryConformance");
        Assert.Empty(right.Failed);
        Assert.Contains("MemoryConformance.IdsThatLookAlikeAreDifferent", right.Passed);
        Assert.Contains("MemoryConformance.WritersAtOnceLoseNothingAndTearNothing", right.Passed);

        // The host brings the contract, and a plugin must not.
        Assert.Equal(["Plugin.dll"], Directory.GetFiles(_folder["plugin/bin/Debug/net10.0"], "*.dll").Select(Path.GetFileName));

        const string Two = "FullyQualifiedName=WrongConformance.IdsThatLookAlikeAreDifferent|FullyQualifiedName=WrongConformance.AnInsertAddsAndReplaces";
        var wrong = await TestAsync("WrongConformance", Two, "--no-build");
        Assert.Equal(["WrongConformance.IdsThatLookAlikeAreDifferent"], wrong.Failed);
        Assert.Equal(["WrongConformance.AnInsertAddsAndReplaces"], wrong.Passed);
    }

    /// <summary>Where this repository's own packages were restored to.</summary>
    private static string OrdinaryPackages =>
        Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    private static string VersionOf(string package) => XDocument.Load(Repository.At("Directory.Packages.props")).Descendants("PackageVersion")
        .Single(version => version.Attribute("Include")!.Value == package).Attribute("Version")!.Value;

    /// <summary>Asserts that a package says what it is, and gives the packages that it needs.</summary>
    private string[] AssertComplete(string id)
    {
        using var package = ZipFile.OpenRead(_folder[$"packed/{id}.{_version}.nupkg"]);
        using var nuspec = package.GetEntry($"{id}.nuspec")!.Open();
        var elements = XDocument.Load(nuspec).Descendants().ToLookup(element => element.Name.LocalName);
        Assert.Equal(id, elements["id"].Single().Value);
        Assert.Equal("BSD-2-Clause", elements["license"].Single().Value);
        Assert.Contains("storage contract of Shared State", elements["description"].Single().Value, StringComparison.Ordinal);
        Assert.NotNull(package.GetEntry(elements["readme"].Single().Value));
        Assert.NotNull(package.GetEntry($"lib/net10.0/{id}.dll"));
        Assert.NotNull(package.GetEntry($"lib/net10.0/{id}.xml"));
        return [.. elements["dependency"].Select(dependency => $"{dependency.Attribute("id")!.Value} {dependency.Attribute("version")!.Value}").Order()];
    }

    private async Task<(string[] Passed, string[] Failed)> TestAsync(string name, string filter, params string[] arguments)
    {
        var (passed, output) = await DotnetAsync(
            ["test", _folder["tests"], "--filter", filter, "--logger", $"trx;LogFileName={name}.trx", "--results-directory", _folder["results"], .. arguments]);
        Assert.True(File.Exists(_folder[$"results/{name}.trx"]), output);
        var results = XDocument.Load(_folder[$"results/{name}.trx"]).Descendants().Where(element => element.Name.LocalName == "UnitTestResult")
            .ToLookup(result => result.Attribute("outcome")!.Value, result => result.Attribute("testName")!.Value);
        Assert.Equal(passed, !results["Failed"].Any());
        return ([.. results["Passed"]], [.. results["Failed"]]);
    }

    /// <summary>Runs dotnet as a user does, outside of the run of tests that this is; nothing that it starts outlives it. Whether its end was a good one.</summary>
    private async Task<(bool Good, string Output)> DotnetAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", arguments) { WorkingDirectory = _folder.FullName, RedirectStandardOutput = true };
        foreach (var name in start.Environment.Keys.ToArray())
        {
            if (name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase) || name.StartsWith("VSTEST", StringComparison.Ordinal)) start.Environment.Remove(name);
        }
        if (arguments[0] == "test") start.Environment.Remove("NUGET_PACKAGES");
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["UseSharedCompilation"] = "false";
        using var dotnet = Process.Start(start)!;
        using var late = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        try
        {
            var output = await dotnet.StandardOutput.ReadToEndAsync(late.Token);
            await dotnet.WaitForExitAsync(late.Token);
            return (dotnet.ExitCode == 0, output);
        }
        catch (OperationCanceledException)
        {
            dotnet.Kill(entireProcessTree: true);
            throw;
        }
    }
}
