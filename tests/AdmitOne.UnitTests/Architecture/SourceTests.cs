using System.Globalization;
using System.Text.RegularExpressions;

namespace AdmitOne.UnitTests.Architecture;

public sealed partial class SourceTests
{
    private const int MaxLines = 400;

    private static readonly Dictionary<string, int> s_blocks = new() { ["Platform"] = 1, ["Events"] = 3, ["Tickets"] = 4, ["Identity"] = 5 };

    [Fact]
    public void No_file_is_longer_than_a_reader_keeps_in_mind() =>
        Findings.None(Checkout.CodeBelow(Checkout.Source).Select(file => (file.Path, Lines: file.Text.Count(c => c == '\n'))).Where(file => file.Lines > MaxLines));

    [Fact]
    public void Log_messages_are_numbered_once_and_in_their_projects_block()
    {
        var found = new List<(string Path, string Project, int Id)>();
        foreach (var project in Checkout.Projects)
            foreach (var (path, text) in Checkout.CodeBelow(Checkout.ProjectFolder(project)))
                found.AddRange(Message().Matches(text).Select(m => (path, project, m.Groups["id"].Success ? int.Parse(m.Groups["id"].Value, CultureInfo.InvariantCulture) : 0)));

        Assert.NotEmpty(found);
        Findings.None(found.Where(message => !s_blocks.TryGetValue(message.Project, out var block) || message.Id / 1000 != block));
        Findings.None(found.GroupBy(message => message.Id).Where(same => same.Count() > 1).SelectMany(same => same));
    }

    [Fact]
    public void No_pattern_refuses_a_good_value_because_the_process_was_halted_while_it_matched() =>
        Findings.None(Checkout.CodeBelow(Checkout.Source)
            .Where(file => Pattern().Count(file.Text) != Unlimited().Count(file.Text)).Select(file => file.Path));

    [GeneratedRegex(@"\bRegularExpression\(")]
    private static partial Regex Pattern();

    [GeneratedRegex("MatchTimeoutInMilliseconds = -1")]
    private static partial Regex Unlimited();

    [GeneratedRegex(@"\[LoggerMessage\((?:EventId = (?<id>\d+)|(?<id>\d+),)?")]
    private static partial Regex Message();
}
