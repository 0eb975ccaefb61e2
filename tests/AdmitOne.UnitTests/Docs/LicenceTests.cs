using System.Text.Json;
using System.Xml.Linq;
using AdmitOne.UnitTests.Architecture;

namespace AdmitOne.UnitTests.Docs;

/// <summary>Every package that any project restores, by itself or through another, may be used and passed on under our own licence.</summary>
public sealed class LicenceTests
{
    private static readonly HashSet<string> s_allowed = ["MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "PostgreSQL"];

    // Packages from before licence expressions say where their licence is to be read.
    private static readonly Dictionary<string, string> s_read = new()
    {
        // The .NET Library licence, which lets its packages be passed on. Both that name it are lists of other packages without code of their own.
        ["http://go.microsoft.com/fwlink/?LinkId=329770"] = "MIT",
    };

    [Fact]
    public void Every_package_that_is_restored_has_a_licence_that_we_may_pass_on()
    {
        var packages = Directory.EnumerateFiles(Checkout.Root, "packages.lock.json", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/artifacts/", StringComparison.Ordinal)).SelectMany(InLockFile).Distinct().Order().ToList();
        Assert.True(packages.Count > 30);
        var found = packages.Select(package => (package, Licence: Licence(package))).ToList();
        Findings.None(found.Where(one => one.Licence is not null && !s_allowed.Contains(one.Licence)).Select(one => $"{one.package.Name} {one.package.Version} is under {one.Licence}"));
        // Where somebody has restored into another place there is nothing to read; CI restores here.
        if (Environment.GetEnvironmentVariable("CI") == "true") Findings.None(found.Where(one => one.Licence is null).Select(one => $"{one.package.Name} {one.package.Version} is nowhere to be read"));
    }

    private static IEnumerable<(string Name, string Version)> InLockFile(string file)
    {
        using var locked = JsonDocument.Parse(File.ReadAllBytes(file));
        return [.. from framework in locked.RootElement.GetProperty("dependencies").EnumerateObject()
                   from package in framework.Value.EnumerateObject()
                   where package.Value.GetProperty("type").GetString() != "Project"
                   select (package.Name.ToLowerInvariant(), package.Value.GetProperty("resolved").GetString()!.ToLowerInvariant())];
    }

    private static string? Licence((string Name, string Version) package)
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        var folder = Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(home, ".nuget", "packages");
        var file = Path.Combine(folder, package.Name, package.Version, package.Name + ".nuspec");
        if (!File.Exists(file)) return null;
        var about = XDocument.Load(file).Descendants().Where(e => e.Name.LocalName is "license" or "licenseUrl").ToList();
        var expression = about.FirstOrDefault(e => e.Name.LocalName == "license" && (string?)e.Attribute("type") == "expression")?.Value;
        var url = about.FirstOrDefault(e => e.Name.LocalName == "licenseUrl")?.Value;
        // A file in the package, as its first line names it.
        if (about.FirstOrDefault(e => (string?)e.Attribute("type") == "file")?.Value is { } inside
            && File.ReadLines(Path.Combine(folder, package.Name, package.Version, inside)).FirstOrDefault() == "MIT License") return "MIT";
        return expression ?? s_read.GetValueOrDefault(url ?? "", $"a licence of its own ({url})");
    }
}
