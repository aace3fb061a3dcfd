using System.Diagnostics;
using System.IO.Compression;
using System.Xml.Linq;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace SharedState.Host.Tests.Configuration;

/// <summary>The packages of a build: those of the lock files, and none with a known vulnerability in a release.</summary>
public sealed class SupplyChainTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task APackageWithAKnownVulnerabilityFailsAReleaseAndIsAWarningOtherwise()
    {
        await using var advisories = await ServeAdvisoriesAsync();
        WriteProject(advisories.Urls.Single());
        var (failed, release) = await RestoreAsync(_folder.FullName, "-p:Configuration=Release");
        Assert.True(failed, release);
        Assert.Contains("error NU1903: Warning As Error: Package 'MySqlConnector'", release, StringComparison.Ordinal);
        var (alsoFailed, other) = await RestoreAsync(_folder.FullName);
        Assert.False(alsoFailed, other);
        Assert.Contains("warning NU1903: Package 'MySqlConnector'", other, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WithoutAdvisoriesAReleaseIsStillBuilt()
    {
        string url;
        await using (var advisories = await ServeAdvisoriesAsync()) url = advisories.Urls.Single();
        WriteProject(url); // nothing answers there any more
        var (failed, output) = await RestoreAsync(_folder.FullName, "-p:Configuration=Release");
        Assert.False(failed, output);
        Assert.Contains("warning NU1900", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("linux-x64")]
    [InlineData("linux-arm64")]
    public async Task ABuildForOnePlatformTakesWhatTheCommittedLockFilesSay(string platform)
    {
        CopyLocks(platform);
        var (failed, output) = await RestoreHostAsync(platform);
        Assert.False(failed, output);
        foreach (var file in Directory.GetFiles(Repository.At("locks", platform)))
        {
            var used = _folder[$"locks/{platform}/{Path.GetFileName(file)}"];
            Assert.Equal(await File.ReadAllTextAsync(file), await File.ReadAllTextAsync(used));
        }
        Assert.Equal(6, Directory.GetFiles(_folder[$"locks/{platform}"]).Length);
    }

    [Fact]
    public async Task ABuildForOnePlatformRefusesAnotherContent()
    {
        CopyLocks("linux-x64");
        var file = _folder["locks/linux-x64/Items.Sqlite.lock.json"];
        var text = await File.ReadAllTextAsync(file);
        var hash = text.IndexOf("\"contentHash\": \"", StringComparison.Ordinal) + 16;
        await File.WriteAllTextAsync(file, text[..hash] + (text[hash] == 'A' ? 'B' : 'A') + text[(hash + 1)..]);
        var (failed, output) = await RestoreHostAsync("linux-x64");
        Assert.True(failed, output);
        Assert.Contains("NU1403", output, StringComparison.Ordinal);
    }

    /// <summary>Somebody else's package, on the source of all other packages. Without the mapping it is taken.</summary>
    [Fact]
    public async Task AProjectFromTheTemplateTakesNoPackageOfTheSameNameFromAnotherSource()
    {
        Directory.CreateDirectory(_folder["own"]);
        WritePackage("other", "SharedState.Abstractions");
        _folder.Write("nuget.config", $"""
            <configuration>
              <packageSources>
                <clear />
                <add key="sharedstate" value="{_folder["own"]}" />
                <add key="nuget.org" value="{_folder["other"]}" />
              </packageSources>
            </configuration>
            """);
        _folder.Write("plugin/any.csproj", """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>
              <ItemGroup><PackageReference Include="SharedState.Abstractions" Version="1.2.0" /></ItemGroup>
            </Project>
            """);
        var packages = ("NUGET_PACKAGES", _folder["packages"]);
        var (failed, output) = await RestoreAsync(_folder["plugin"], packages);
        Assert.False(failed, output);

        Directory.Delete(_folder["packages"], recursive: true);
        File.Copy(Repository.At("templates", "plugin", "nuget.config"), _folder["plugin/nuget.config"]);
        (failed, output) = await RestoreAsync(_folder["plugin"], packages);
        Assert.True(failed, output);
        Assert.Contains("the following source(s) were not considered: nuget.org", output, StringComparison.Ordinal);

        WritePackage("own", "SharedState.Abstractions");
        (failed, output) = await RestoreAsync(_folder["plugin"], packages);
        Assert.False(failed, output);
    }

    private void WritePackage(string source, string id)
    {
        Directory.CreateDirectory(_folder[source]);
        using var package = ZipFile.Open(Path.Combine(_folder[source], $"{id}.1.2.0.nupkg"), ZipArchiveMode.Create);
        using (var description = new StreamWriter(package.CreateEntry($"{id}.nuspec").Open()))
        {
            description.Write($"""
                <package><metadata>
                  <id>{id}</id><version>1.2.0</version><authors>somebody</authors><description>any</description>
                </metadata></package>
                """);
        }
        package.CreateEntry("lib/net10.0/_._");
    }

    /// <summary>A server with one advisory, in the form of a package source.</summary>
    private static async Task<WebApplication> ServeAdvisoriesAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(context =>
        {
            var url = $"http://{context.Request.Host}";
            return context.Response.WriteAsync(context.Request.Path.Value switch
            {
                "/index.json" =>
                    $$"""{"version": "3.0.0", "resources": [{"@id": "{{url}}/advisories.json", "@type": "VulnerabilityInfo/6.7.0"}]}""",
                "/advisories.json" => $$"""[{"@name": "all", "@id": "{{url}}/all.json", "@updated": "2026-01-01T00:00:00Z"}]""",
                _ => $$"""{"mysqlconnector": [{"severity": 2, "url": "{{url}}/advisory", "versions": "(, 99.0.0)"}]}""",
            });
        });
        await app.StartAsync();
        return app;
    }

    /// <summary>A project with this repository's properties, whose one package is in this user's folder of packages.</summary>
    private void WriteProject(string advisories)
    {
        File.Copy(Repository.At("Directory.Build.props"), _folder["Directory.Build.props"]);
        var version = XDocument.Load(Repository.At("Directory.Packages.props")).Descendants("PackageVersion")
            .Single(package => package.Attribute("Include")!.Value == "MySqlConnector").Attribute("Version")!.Value;
        _folder.Write("any.csproj", $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <ItemGroup><PackageReference Include="MySqlConnector" Version="{version}" /></ItemGroup>
            </Project>
            """);
        _folder.Write("nuget.config", $"""
            <configuration>
              <packageSources><clear /></packageSources>
              <auditSources>
                <clear />
                <add key="advisories" value="{advisories}/index.json" allowInsecureConnections="true" />
              </auditSources>
            </configuration>
            """);
    }

    private void CopyLocks(string platform)
    {
        foreach (var file in Directory.GetFiles(Repository.At("locks", platform)))
            _folder.Write($"locks/{platform}/{Path.GetFileName(file)}", File.ReadAllText(file));
    }

    /// <summary>Restores the host outside of the repository, without what needs packages that other builds do not.</summary>
    private Task<(bool Failed, string Output)> RestoreHostAsync(string platform) => RestoreAsync(
        Repository.At("Host"), $"-p:RuntimeIdentifier={platform}", $"-p:LockFolder={_folder["locks"]}", "-p:UseArtifactsOutput=true",
        $"-p:ArtifactsPath={_folder["artifacts"]}", "-p:PublishReadyToRun=false", "-p:UseAppHost=false");

    private Task<(bool Failed, string Output)> RestoreAsync(string project, params string[] options) =>
        RestoreAsync(project, ("NUGET_HTTP_CACHE_PATH", _folder["http-cache"]), options);

    private static async Task<(bool Failed, string Output)> RestoreAsync(
        string project, (string Name, string Value) variable, params string[] options)
    {
        var start = new ProcessStartInfo("dotnet", ["restore", project, "--force", .. options]) { RedirectStandardOutput = true };
        string[] names = [.. start.Environment.Keys];
        foreach (var name in names.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase))) start.Environment.Remove(name);
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        start.Environment[variable.Name] = variable.Value;
        using var restore = Process.Start(start)!;
        var output = await restore.StandardOutput.ReadToEndAsync();
        await restore.WaitForExitAsync();
        return (restore.ExitCode != 0, output);
    }
}
