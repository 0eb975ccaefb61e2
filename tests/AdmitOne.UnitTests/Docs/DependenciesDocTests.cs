using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using AdmitOne.UnitTests.Architecture;

namespace AdmitOne.UnitTests.Docs;

/// <summary>Pages that people write, compared with what they speak of.</summary>
public sealed partial class DependenciesDocTests
{
    private const string AuditMark = "<!-- audit -->";

    private static readonly IReadOnlyList<Package> s_packages = [.. XDocument.Load(Path.Combine(Checkout.Root, "Directory.Packages.props"))
        .Descendants("PackageVersion").Select(package => new Package(Value(package, "Include"), Value(package, "Version"), Value(package, "Why"), Value(package, "Instead")))];

    /// <summary>The packages come from Directory.Packages.props, their licences from themselves, the last audit from the page.</summary>
    [Fact]
    public void The_page_of_dependencies_has_each_package_with_its_version_licence_and_reason()
    {
        Findings.None(s_packages.Where(package => package.Why.Length == 0 || package.Instead.Length == 0).Select(package => $"{package.Name} says not why it is here"));
        var page = File.ReadAllText(Path.Combine(Checkout.Root, "docs", "dependencies.md"));
        var known = Row().Matches(page).Select(row => row.Groups["cells"].Value.Split('|', StringSplitOptions.TrimEntries)).ToLookup(cells => cells[0], cells => cells.ElementAtOrDefault(2) ?? "");
        var audit = page[page.IndexOf(AuditMark, StringComparison.Ordinal)..];
        GeneratedDoc.Check("dependencies.md", $"""
            # Dependencies

            Every package that the product or its build names, at the one version of `Directory.Packages.props`, from which this page is generated; what these bring along is in the
            `packages.lock.json` of each project, with hashes, and restore refuses anything else.

            {GeneratedDoc.Table(["package", "version", "licence", "why it is here", "what would do without it"], s_packages
                .Select(package => new[] { package.Name, package.Version, Licence(package) ?? known[package.Name].FirstOrDefault() ?? "?", package.Why, package.Instead }))}

            Beside the packages: PostgreSQL 15 or newer (PostgreSQL licence) and Redis 7 or Valkey (BSD-3-Clause up to 7.2), as servers of their own.

            ## Kept by hand

            | what | why no library |
            | --- | --- |
            | Stripe | five calls; Stripe.net adds 5.7 MB and Newtonsoft.Json |
            | Sentry | no text of an exception leaves, by construction (ADR 42); a library sends it and filters afterwards |
            | rate limits | one atomic script in Redis with leases in the process, and limits on successful answers: the framework's are per process |
            | idempotency | a key's row is written in the transaction of its effect (ADR 12); libraries write it beside |
            | outbox | numbers without gaps per organiser (ADR 10) |
            | cache | dropped on every replica by a change (ADR 46); HybridCache does not clear other replicas |
            | JWKS | the issuer's keys are read once, shared, and refreshed when an unknown key id arrives |
            | CSV | rows are streamed, and a cell that a spreadsheet would compute is escaped |
            | time zones | wall times are kept when a zone's rules change; the framework's zone data is used |
            | migrations | history, order, lock and repetition are 200 lines (ADR 8); EF Core needed as many to leave the rest out |
            | load generator | arrivals on a clock, so that a slow answer does not hide the next |

            ## Tried and left out

            | package | what it found, with every rule on, in Contracts, Platform, Schema and Events |
            | --- | --- |
            | Meziantou.Analyzer 3.0.321 | no fault: style, and calls without a token or a clock where neither is meant, such as the clean-up after a cancellation |
            | Microsoft.VisualStudio.Threading.Analyzers 18.12.1 | no fault: columns of a row that is already read, results of tasks that have ended, and `ConfigureAwait`, which the services do not need |

            ## Age

            `eng/versions.sh` asks the registry for the newest version of each package and writes `eng/versions.tsv`. A test fails when a newer version than ours has been
            known for more than a year by that list.

            ## Audit

            Restoring asks the registry for known vulnerabilities of every package, also of those that come along (`NuGetAudit`, mode `all`); a critical or high one fails the
            build, a lesser one is a warning, and a registry that has nothing to tell is one too. `eng/audit.sh` asks on demand, and first makes sure that there is an answer.
            Every package that any lock file names is under MIT, Apache-2.0, BSD or PostgreSQL's licence; a test reads what each says of itself.

            {audit}
            """);
    }

    [Fact]
    public void No_package_is_more_than_a_year_behind_the_list_of_versions()
    {
        var lines = File.ReadAllLines(Path.Combine(Checkout.Root, "eng", "versions.tsv"));
        var date = DateOnly.ParseExact(lines[0].AsSpan(2, 10), "yyyy-MM-dd", CultureInfo.InvariantCulture);
        var rows = lines.Skip(1).Select(line => line.Split('\t')).ToDictionary(cells => cells[0], cells => (Newest: cells[1], Since: cells[2]));
        Findings.None(s_packages.Where(package => !rows.ContainsKey(package.Name)).Select(package => $"{package.Name} is not in eng/versions.tsv: run eng/versions.sh"));
        Findings.None(rows.Where(row => row.Value.Since != "-" && DateOnly.ParseExact(row.Value.Since, "yyyy-MM-dd", CultureInfo.InvariantCulture).AddYears(1) < date)
            .Select(row => $"{row.Key}: {row.Value.Newest} is known since {row.Value.Since}"));
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

    private static string Value(XElement element, string name) => element.Attribute(name)?.Value ?? "";

    // As the package says of itself, where it has been restored.
    private static string? Licence(Package package)
    {
        var cache = Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        var about = Path.Combine(cache, package.Name.ToLowerInvariant(), package.Version, package.Name.ToLowerInvariant() + ".nuspec");
        return File.Exists(about) && LicenceElement().Match(File.ReadAllText(about)) is { Success: true } said ? said.Groups["name"].Value : null;
    }

    private sealed record Package(string Name, string Version, string Why, string Instead);

    [GeneratedRegex("""<license type="expression">(?<name>[^<]+)</license>""")]
    private static partial Regex LicenceElement();

    [GeneratedRegex(@"^(?:public|internal) (?:sealed |partial )*class (?<name>\w+Tests)\b", RegexOptions.Multiline)]
    private static partial Regex Declared();

    [GeneratedRegex(@"`(?<name>\w+Tests)`")]
    private static partial Regex Named();

    [GeneratedRegex(@"`(?<path>docs/[\w./-]+\.md)`")]
    private static partial Regex Pages();
}
