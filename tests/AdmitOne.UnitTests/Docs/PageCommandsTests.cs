using System.Text.RegularExpressions;
using AdmitOne.Cli.Commands;
using AdmitOne.UnitTests.Architecture;

namespace AdmitOne.UnitTests.Docs;

/// <summary>
/// What pages tell people to type. A block marked <c>run</c> is run by PastedCommandsTests, one marked <c>drill</c> by the page's drill, each line of one marked <c>tested</c> by a
/// test of its own; <c>elsewhere</c> says that it needs what is not here: a cluster, a registry, systemd.
/// </summary>
public sealed partial class PageCommandsTests
{
    private static readonly string[] s_marks = ["run", "drill", "tested", "elsewhere"];

    private static IEnumerable<string> Pages { get; } =
        [.. Directory.EnumerateFiles(Path.Combine(Checkout.Root, "docs"), "*.md", SearchOption.AllDirectories), Path.Combine(Checkout.Root, "README.md"), Path.Combine(Checkout.Root, "deploy", "README.md")];

    // The two checklists are others' words, kept as they came.
    private static IEnumerable<string> Operators { get; } = [.. Pages.Where(page => page != Path.Combine(Checkout.Root, "README.md") && !page.Contains("/docs/checklists/", StringComparison.Ordinal))];

    [Fact]
    public void Every_block_is_run_or_its_page_says_that_it_was_not()
    {
        var faults = new List<string>();
        foreach (var page in Operators)
        {
            var text = File.ReadAllText(page);
            var marks = Opened().Matches(text).Select(match => match.Groups["mark"].Value.Trim()).ToList();
            faults.AddRange(marks.Except(s_marks).Select(mark => $"{page}: a block is marked '{mark}'"));
            // The runbooks say it together.
            var said = Path.GetDirectoryName(page) is { } folder && folder.EndsWith("runbooks", StringComparison.Ordinal) ? File.ReadAllText(Path.Combine(folder, "README.md")) : text;
            if (marks.Contains("elsewhere") && !said.ReplaceLineEndings(" ").Contains("not been run here", StringComparison.Ordinal)) faults.Add($"{page}: does not say what has not been run here");
        }
        Findings.None(faults);
    }

    [Fact]
    public void Every_line_of_a_block_marked_tested_is_run_by_a_test()
    {
        var tests = string.Concat(Directory.EnumerateFiles(Path.Combine(Checkout.Root, "tests"), "*.cs", SearchOption.AllDirectories).Where(file => !file.Contains("/obj/", StringComparison.Ordinal)).Select(File.ReadAllText));
        var faults = new List<string>();
        foreach (var page in Operators)
            foreach (var line in Tested().Matches(File.ReadAllText(page)).SelectMany(block => block.Groups["text"].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries)))
            {
                var words = line.Split(' ');
                // Tests start the command line as a process by its words, and scripts by their path.
                if (words[0] != "./test" && !tests.Contains($"\"{(words[0] == "admitone" ? words[1] : words[0])}\"", StringComparison.Ordinal)) faults.Add($"{page}: {line}");
            }
        Findings.None(faults);
    }

    [Fact]
    public void Every_command_of_admitone_on_a_page_is_one_that_it_understands()
    {
        var admitone = AdmitOneCommand.Create();
        var faults = new List<string>();
        var commands = 0;
        foreach (var page in Pages)
            foreach (var words in Commands(File.ReadAllText(page)))
            {
                commands++;
                var parsed = admitone.Parse(words);
                // A name alone is spoken of, not typed; what it needs besides stands elsewhere.
                var wrong = words.Any(word => word.StartsWith('-')) ? parsed.Errors.Select(error => error.Message) : parsed.UnmatchedTokens.Select(token => $"what is {token}?");
                faults.AddRange(wrong.Select(message => $"{Path.GetRelativePath(Checkout.Root, page)}: admitone {string.Join(' ', words)}: {message}"));
            }
        Assert.True(commands > 100, $"Only {commands} were found.");
        Findings.None(faults);
    }

    [Fact]
    public void Every_test_that_a_page_says_how_to_run_is_there()
    {
        var classes = Directory.EnumerateFiles(Path.Combine(Checkout.Root, "tests"), "*.cs", SearchOption.AllDirectories).SelectMany(file => Class().Matches(File.ReadAllText(file)).Select(m => m.Groups["name"].Value)).ToList();
        Findings.None(Pages.SelectMany(page => Filter().Matches(File.ReadAllText(page)).Select(m => m.Groups["name"].Value)).Distinct().Where(name => !classes.Any(one => one.EndsWith(name, StringComparison.Ordinal))));
    }

    private static IEnumerable<string[]> Commands(string text) =>
        Block().Matches(text).SelectMany(block => Typed().Matches(Asked().Replace(block.Value, "$1"))).Concat(Spoken().Matches(text))
            .Select(match => Word().Matches(match.Groups["words"].Value.Replace("\\\n", " ", StringComparison.Ordinal)).Select(word => Filled(word.Value)).ToArray());

    // A word that stands for something: a number, an address, or an identifier, which is taken for a name too.
    private static string Filled(string word) => word.Trim('"', '\'') switch
    {
        "N" => "1",
        "URL" => "http://127.0.0.1:3004",
        "ID" or "…" => "01939c7e-8f2a-7000-8000-000000000001",
        var other when other.StartsWith('$') => "01939c7e-8f2a-7000-8000-000000000001",
        var other => other,
    };

    [GeneratedRegex("^ *```bash(?<mark>[^\n]*)$", RegexOptions.Multiline)]
    private static partial Regex Opened();

    [GeneratedRegex("^ *```bash.*?^ *```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex("^```bash tested\n(?<text>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Tested();

    // $(a command): its answer is a word.
    [GeneratedRegex(@"(\$)\([^()]*\)")]
    private static partial Regex Asked();

    // In quotes, or up to a space; brackets only say that it may be left out.
    [GeneratedRegex("""\"[^\"]*\"|'[^']*'|[^\s\[\]]+""")]
    private static partial Regex Word();

    // Up to a comment, a pipe, another command or the end of the line.
    [GeneratedRegex(@"(?:^ *|[;&|(] *|\w=\S+ )admitone (?<words>(?:\\\n|[^#|&;>)\n])*)", RegexOptions.Multiline)]
    private static partial Regex Typed();

    [GeneratedRegex("`admitone (?<words>[^`|<>\n]+)`")]
    private static partial Regex Spoken();

    [GeneratedRegex(@"class (?<name>\w+)")]
    private static partial Regex Class();

    [GeneratedRegex(@"--filter-class '\*(?<name>\w+)\*?'")]
    private static partial Regex Filter();
}
