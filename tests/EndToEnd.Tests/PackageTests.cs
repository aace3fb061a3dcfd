using System.IO.Compression;
using System.Xml.Linq;
using SharedState.Host.Tests;

namespace SharedState.EndToEnd.Tests;

/// <summary>The packages, and projects outside of this repository that use them.</summary>
[Collection("newcomer")]
public sealed class PackageTests(Newcomer newcomer)
{
    [Theory]
    [InlineData(
        "SharedState.Abstractions", "storage contract of Shared State", "lib/net10.0/SharedState.Abstractions.xml",
        "build/SharedState.Abstractions.targets")]
    [InlineData("SharedState.Items.Conformance", "storage contract of Shared State", "lib/net10.0/SharedState.Items.Conformance.xml")]
    [InlineData(
        "SharedState.Templates", "storage plugin", "content/plugin/.template.config/template.json", "content/plugin/src/plugin.json")]
    [InlineData(
        "SharedState", "server for live JSON collections", "tools/net10.0/any/plugins/Items.Sqlite/plugin.json",
        "tools/net10.0/any/wwwroot/index.html", "tools/net10.0/any/conformance/xunit.assert.dll")]
    public async Task APackageSaysWhatItIsAndHasWhatItNeeds(string id, string description, params string[] files)
    {
        await using var package = await ZipFile.OpenReadAsync(newcomer[$"sharedstate-packages/{id}.{newcomer.Version}.nupkg"]);
        await using var nuspec = await package.GetEntry($"{id}.nuspec")!.OpenAsync();
        var elements = XDocument.Load(nuspec).Descendants().ToLookup(element => element.Name.LocalName);
        Assert.Equal(id, elements["id"].Single().Value);
        Assert.Equal("BSD-2-Clause", elements["license"].Single().Value);
        Assert.Contains(description, elements["description"].Single().Value, StringComparison.Ordinal);
        Assert.NotNull(package.GetEntry(elements["readme"].Single().Value));
        Assert.All(files, file => Assert.True(package.GetEntry(file) is not null, file));

        // The next version of a tool replaces its folder, and would delete a configuration there with the data beside it.
        Assert.Null(package.GetEntry("tools/net10.0/any/plugins.json"));
        string[] needed = id == "SharedState.Items.Conformance"
            ? [$"SharedState.Abstractions {newcomer.Version}", .. new[] { "xunit", "Xunit.SkippableFact" }.Select(name => $"{name} {VersionOf(name)}")]
            : [];
        Assert.Equal(
            needed.Order(),
            elements["dependency"]
                .Select(dependency => $"{dependency.Attribute("id")!.Value} {dependency.Attribute("version")!.Value}")
                .Order());
    }

    [Fact]
    public async Task OneCommandPacksAllAndNothingElse()
    {
        string[] ids = ["SharedState", "SharedState.Abstractions", "SharedState.Items.Conformance", "SharedState.Templates"];
        var packed = Directory.GetFiles(newcomer["sharedstate-packages"]).Select(Path.GetFileName).Order(StringComparer.Ordinal);
        Assert.Equal(ids.Select(id => $"{id}.{newcomer.Version}.nupkg").Order(StringComparer.Ordinal), packed);
        var (output, _) = await newcomer.RunAsync("sharedstate --version", newcomer.NewFolder());
        Assert.StartsWith("Shared State ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AStorageFromTheTemplateThatIsWrongFailsTheTestOfItsPromise()
    {
        var folder = newcomer.NewFolder();
        await newcomer.RunAsync("dotnet new sharedstate-plugin -n Acme.Wrong --db-type mistaken", folder);
        Assert.Contains(
            "\"db_types\": [\"mistaken\"]", await File.ReadAllTextAsync(Path.Combine(folder, "Acme.Wrong/src/plugin.json")),
            StringComparison.Ordinal);

        // Nothing bears the name of the store that the template is.
        var names = Directory.EnumerateFiles(Path.Combine(folder, "Acme.Wrong"), "*", SearchOption.AllDirectories)
            .SelectMany(file => File.ReadLines(file).Prepend(Path.GetFileName(file)));
        Assert.DoesNotContain(names, line => line.Contains("FilesItem", StringComparison.Ordinal));
        Assert.DoesNotContain(names, line => line.Contains("FilesConf", StringComparison.Ordinal));
        Assert.True(File.Exists(Path.Combine(folder, "Acme.Wrong/src/WrongItemService.cs")));

        // The store now takes a and A for the same id.
        var source = Path.Combine(folder, "Acme.Wrong/src/Collection.cs");
        await File.WriteAllTextAsync(
            source, (await File.ReadAllTextAsync(source)).Replace("StringComparer.Ordinal", "StringComparer.OrdinalIgnoreCase"));
        const string Two =
            "FullyQualifiedName=Acme.Wrong.Tests.WrongConformance.IdsThatLookAlikeAreDifferent|FullyQualifiedName=Acme.Wrong.Tests.WrongConformance.AnInsertAddsAndReplaces";
        var (good, output, _) = await newcomer.TryAsync(
            $"dotnet test tests --filter '{Two}' --logger 'console;verbosity=normal'", Path.Combine(folder, "Acme.Wrong"));
        Assert.False(good, output);
        Assert.Contains("Failed Acme.Wrong.Tests.WrongConformance.IdsThatLookAlikeAreDifferent", output, StringComparison.Ordinal);
        Assert.Contains("Passed Acme.Wrong.Tests.WrongConformance.AnInsertAddsAndReplaces", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task APluginsFolderHasItsOwnLibrariesAndNativeOnesAndNothingOfTheHosts()
    {
        var folder = newcomer.NewFolder();
        await newcomer.RunAsync("dotnet new sharedstate-plugin -n Acme.Own", folder);
        var manifest = await File.ReadAllTextAsync(Path.Combine(folder, "Acme.Own/src/plugin.json"));
        Assert.Contains("\"db_types\": [\"own\"]", manifest, StringComparison.Ordinal);
        var project = Path.Combine(folder, "Acme.Own/src/Acme.Own.csproj");
        var references = $"""
            <PackageReference Include="Serilog" Version="3.1.1" />
                <PackageReference Include="SQLitePCLRaw.bundle_e_sqlite3" Version="{VersionOf("SQLitePCLRaw.bundle_e_sqlite3")}" />
                <PackageReference Include="MySqlConnector" Version="{VersionOf("MySqlConnector")}" />
                <PackageReference Include="StackExchange.Redis" Version="{VersionOf("StackExchange.Redis")}" />
              </ItemGroup>
            """;
        await File.WriteAllTextAsync(project, (await File.ReadAllTextAsync(project)).Replace("</ItemGroup>", references));
        await newcomer.RunAsync("dotnet build src -v quiet && dotnet publish src -o plugin -v quiet", Path.Combine(folder, "Acme.Own"));
        foreach (var output in new[] { "plugin", "src/bin/Debug/net10.0" })
        {
            var files = Directory.GetFiles(Path.Combine(folder, "Acme.Own", output), "*", SearchOption.AllDirectories)
                .Select(file => Path.GetRelativePath(Path.Combine(folder, "Acme.Own", output), file)).ToArray();
            Assert.Subset(files.ToHashSet(), new HashSet<string> { "plugin.json", "Acme.Own.dll", "Acme.Own.deps.json", "Serilog.dll", "MySqlConnector.dll", "runtimes/linux-x64/native/libe_sqlite3.so" });
            Assert.DoesNotContain(
                files,
                file =>
                    file.StartsWith("SharedState.", StringComparison.Ordinal)
                    || file.StartsWith("Microsoft.Extensions.", StringComparison.Ordinal));
        }

        // The plugin loads, with a library that the host has at another version.
        var (card, _) = await newcomer.RunAsync(
            "sharedstate plugin test plugin --only 'opens an empty storage'", Path.Combine(folder, "Acme.Own"));
        Assert.Contains("1 kept, 0 broken, ", card, StringComparison.Ordinal);
    }

    private static string VersionOf(string package) =>
        XDocument
            .Load(Repository.At("Directory.Packages.props"))
            .Descendants("PackageVersion")
            .Single(version => version.Attribute("Include")!.Value == package)
            .Attribute("Version")!
            .Value;
}

/// <summary>The tests that share a newcomer's home.</summary>
[CollectionDefinition("newcomer")]
public sealed class NewcomerTests : ICollectionFixture<Newcomer>;
