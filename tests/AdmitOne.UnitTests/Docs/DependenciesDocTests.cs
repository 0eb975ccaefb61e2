using System.Text.RegularExpressions;
using System.Xml.Linq;
using AdmitOne.UnitTests.Architecture;

namespace AdmitOne.UnitTests.Docs;

/// <summary>Pages that people write, compared with what they speak of.</summary>
public sealed partial class DependenciesDocTests
{
    [Fact]
    public void The_page_of_dependencies_has_each_package_at_its_version_and_no_other()
    {
        var props = XDocument.Load(Path.Combine(Checkout.Root, "Directory.Packages.props"));
        var properties = props.Descendants("PropertyGroup").Elements().ToDictionary(p => $"$({p.Name.LocalName})", p => p.Value);
        var pinned = props.Descendants("PackageVersion").Select(p => (Name: p.Attribute("Include")!.Value, Version: p.Attribute("Version")!.Value))
            .Select(p => $"{p.Name} {properties.GetValueOrDefault(p.Version, p.Version)}").ToList();
        var listed = Row().Matches(File.ReadAllText(Path.Combine(Checkout.Root, "docs", "dependencies.md"))).Select(row => row.Groups["cells"].Value.Split('|', StringSplitOptions.TrimEntries))
            .Where(cells => cells[0] is not ("package" or "---")).ToList();
        Findings.None(pinned.Except(listed.Select(cells => $"{cells[0]} {cells[1]}")));
        Findings.None(listed.Select(cells => $"{cells[0]} {cells[1]}").Except(pinned));
        Findings.None(listed.Where(cells => cells.Length < 4 || cells[3].Length == 0).Select(cells => $"{cells[0]} says not why it is here"));
        // As each package says of itself, where it has been restored.
        var cache = Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        foreach (var cells in listed)
        {
            var about = Path.Combine(cache, cells[0].ToLowerInvariant(), cells[1], cells[0].ToLowerInvariant() + ".nuspec");
            if (File.Exists(about) && Licence().Match(File.ReadAllText(about)) is { Success: true } said && said.Groups["name"].Value != cells[2]) Assert.Fail($"{cells[0]} is under {said.Groups["name"].Value}");
        }
    }

    [Fact]
    public void Every_test_that_the_threat_model_names_exists()
    {
        var tests = Directory.EnumerateFiles(Path.Combine(Checkout.Root, "tests"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(file => Declared().Matches(File.ReadAllText(file)).Select(m => m.Groups["name"].Value)).ToHashSet();
        var model = File.ReadAllText(Path.Combine(Checkout.Root, "SECURITY.md"));
        var named = Named().Matches(model).Select(m => m.Groups["name"].Value).Distinct().ToList();
        Assert.True(named.Count > 15);
        Findings.None(named.Except(tests));
        Findings.None(Enumerable.Range(1, 10).Select(n => $"| API{n} ").Where(risk => !model.Contains(risk, StringComparison.Ordinal)));
        // A file that the page points to is there.
        Findings.None(Pages().Matches(model).Select(m => m.Groups["path"].Value).Distinct().Where(path => !File.Exists(Path.Combine(Checkout.Root, path))));
    }

    [GeneratedRegex(@"^\| (?<cells>.+) \|$", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex("""<license type="expression">(?<name>[^<]+)</license>""")]
    private static partial Regex Licence();

    [GeneratedRegex(@"^(?:public|internal) (?:sealed |partial )*class (?<name>\w+Tests)\b", RegexOptions.Multiline)]
    private static partial Regex Declared();

    [GeneratedRegex(@"`(?<name>\w+Tests)`")]
    private static partial Regex Named();

    [GeneratedRegex(@"`(?<path>docs/[\w./-]+\.md)`")]
    private static partial Regex Pages();
}
