using System.Text.RegularExpressions;
using System.Xml.Linq;
using AdmitOne.UnitTests.Architecture;

namespace AdmitOne.UnitTests.Deploy;

/// <summary>The pages of whoever runs it: nothing that they name may be missing.</summary>
public sealed partial class DocumentTests
{
    private static readonly string[] s_theirCommands =
    [
        "npm test", "npm run build", "npm run migrate:up", "npm run migrate:latest", "npm run migrate:down", "npm run migrate:rollback", "npm run migrate:status",
        "npm run validate:env", "npm run test:load", "npm run test:smoke", "npm run test:smoke:production", "npm audit",
    ];

    private static IEnumerable<string> Pages { get; } =
        [.. Directory.EnumerateFiles(Path.Combine(Checkout.Root, "docs"), "*.md", SearchOption.AllDirectories), Path.Combine(Checkout.Root, "README.md"), Path.Combine(Checkout.Root, "deploy", "README.md")];

    [Fact]
    public void Every_command_of_the_checklists_has_one_of_ours_beside_it()
    {
        var rows = File.ReadAllLines(Path.Combine(Checkout.Root, "deploy", "README.md")).Where(line => line.StartsWith('|')).ToList();
        Findings.None(s_theirCommands.Where(command => !rows.Any(row => row.Split('|')[1].Contains($"`{command}`", StringComparison.Ordinal) && row.Split('|')[2].Contains('`', StringComparison.Ordinal))));
    }

    [Fact]
    public void Every_link_leads_somewhere() => Findings.None(Pages.SelectMany(page => Link().Matches(Code().Replace(File.ReadAllText(page), "")).Select(m => m.Groups["to"].Value)
        .Where(to => !to.Contains("://", StringComparison.Ordinal) && !Path.Exists(Path.Combine(Path.GetDirectoryName(page)!, to)))
        .Select(to => $"{Path.GetRelativePath(Checkout.Root, page)}: {to}")));

    [Fact]
    public void Every_proof_that_the_pages_of_the_phases_name_is_a_class_of_tests()
    {
        var tests = Directory.EnumerateFiles(Path.Combine(Checkout.Root, "tests"), "*.cs", SearchOption.AllDirectories).SelectMany(file => Class().Matches(File.ReadAllText(file)).Select(m => m.Groups["name"].Value)).ToHashSet();
        var phases = Directory.EnumerateFiles(Path.Combine(Checkout.Root, "docs", "phases")).ToList();
        Assert.Equal(Enumerable.Range(1, 5).Select(n => $"PHASE{n}_CHANGES.md"), phases.Select(Path.GetFileName).Order());
        Findings.None(phases.SelectMany(page => Named().Matches(File.ReadAllText(page)).Select(m => m.Groups["name"].Value)).Except(tests));
    }

    [Fact]
    public void Every_picture_is_well_formed_and_used()
    {
        var pictures = Directory.EnumerateFiles(Path.Combine(Checkout.Root, "docs", "pictures"), "*.svg").ToList();
        Assert.NotEmpty(pictures);
        Assert.All(pictures, picture => Assert.NotEmpty(XDocument.Load(picture).Root!.Elements()));
        var text = string.Concat(Pages.Select(File.ReadAllText));
        Findings.None(pictures.Select(Path.GetFileName).Where(name => !text.Contains($"pictures/{name}", StringComparison.Ordinal)));
    }

    // A regular expression of a CHECK looks like a link.
    [GeneratedRegex("`[^`\n]*`")]
    private static partial Regex Code();

    [GeneratedRegex(@"\]\((?<to>[^)#\s]+)(?:#[^)]*)?\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"class (?<name>\w+)")]
    private static partial Regex Class();

    [GeneratedRegex("`(?<name>[A-Z][A-Za-z]+(?:Tests|Drill))`")]
    private static partial Regex Named();
}
