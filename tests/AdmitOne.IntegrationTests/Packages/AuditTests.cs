using System.Diagnostics;
using AdmitOne.IntegrationTests.Docs;
using AdmitOne.IntegrationTests.Local;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace AdmitOne.IntegrationTests.Packages;

/// <summary>A registry that knows of a hole in a package of ours: what does the build say?</summary>
[Trait("Category", "Long")]
public sealed class AuditTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(3, "error NU1904", "critical")]
    [InlineData(2, "error NU1903", "high")]
    [InlineData(1, "warning NU1902", "moderate")]
    public async Task A_known_vulnerability_that_is_critical_or_high_fails_the_build(int severity, string says, string word)
    {
        await using var registry = WebApplication.CreateSlimBuilder().Build();
        registry.Urls.Add("http://127.0.0.1:0");
        // The V3 resources that NuGet asks: an index, a page of it, and the versions that are concerned.
        registry.MapGet("/index.json", (HttpRequest request) => Results.Json(new { version = "3.0.0", resources = new[] { new Dictionary<string, string> { ["@id"] = $"http://{request.Host}/pages.json", ["@type"] = "VulnerabilityInfo/6.7.0" } } }));
        registry.MapGet("/pages.json", (HttpRequest request) => Results.Json(new[] { new Dictionary<string, string> { ["@name"] = "base", ["@id"] = $"http://{request.Host}/base.json", ["@updated"] = "2026-11-22T00:00:00Z" } }));
        registry.MapGet("/base.json", () => Results.Json(new { npgsql = new[] { new { url = "https://advisories.example/1", severity, versions = "(, 99.0.0)" } } }));
        await registry.StartAsync(Cancellation);

        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(Path.Combine(folder.Path, "empty"));
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "nuget.config"), $"""
            <configuration>
              <packageSources><clear /><add key="none" value="{folder.Path}/empty" /></packageSources>
              <auditSources><clear /><add key="audit" value="{registry.Urls.First()}/index.json" allowInsecureConnections="true" protocolVersion="3" /></auditSources>
            </configuration>
            """, Cancellation);
        var start = new ProcessStartInfo("dotnet",
            ["restore", Path.Combine(RunnableBlock.Root, "src", "AdmitOne.Schema"), "--configfile", Path.Combine(folder.Path, "nuget.config"), $"-p:ArtifactsPath={folder.Path}/artifacts", "--force", "--no-http-cache", "-v", "m"])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        using var restore = Process.Start(start)!;
        var said = await restore.StandardOutput.ReadToEndAsync(Cancellation) + await restore.StandardError.ReadToEndAsync(Cancellation);
        await restore.WaitForExitAsync(Cancellation);
        Assert.Contains(says, said, StringComparison.Ordinal);
        Assert.Contains($"'Npgsql' 10.0.3 has a known {word} severity vulnerability", said, StringComparison.Ordinal);
        Assert.Equal(says.StartsWith("error", StringComparison.Ordinal), restore.ExitCode != 0);
    }
}
