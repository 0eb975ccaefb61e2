using System.Text.RegularExpressions;
using AdmitOne.UnitTests.Architecture;

namespace AdmitOne.UnitTests.Docs;

/// <summary>Messages are part of the contract: each type that is told in code stands in docs/messages.md, and nothing else does.</summary>
public sealed partial class MessagesDocTests
{
    [Fact]
    public void Nobody_tells_but_by_telling() =>
        Findings.None(Checkout.CodeBelow(Checkout.Source)
            .Where(file => file.Text.Contains("insert into platform.outbox ", StringComparison.Ordinal))
            .Select(file => file.Path).Except(["src/AdmitOne.Platform/Outbox/TellExtensions.cs", "src/AdmitOne.Tickets/Inventory/StockWrites.cs"]));

    // A type may end in a word of a closed set: the document then has a row for the pattern, and names the words.
    private static readonly Dictionary<string, string> s_patterns = new() { ["event."] = "event.{status}" };

    [Fact]
    public void Every_type_that_is_told_is_documented_and_the_other_way_round()
    {
        var told = Checkout.CodeBelow(Checkout.Source).SelectMany(file => Told().Matches(file.Text))
            .Select(match => match.Groups["type"].Value).Select(type => s_patterns.GetValueOrDefault(type, type)).ToHashSet();
        var rows = Row().Matches(File.ReadAllText(Path.Combine(Checkout.Root, "docs", "messages.md"))).Select(row => row.Groups["type"].Value).ToHashSet();

        Assert.NotEmpty(told);
        Findings.None(told.Except(rows).Select(type => $"{type} is told and not in docs/messages.md"));
        Findings.None(rows.Except(told).Select(type => $"{type} is in docs/messages.md and never told"));
    }

    // TellAsync("type", …), Tell(now, "type", …), TellAsync($"event.{word}", …).
    [GeneratedRegex("""\bTell(?:Async)?\((?:[\w.]+, )?\$?"(?<type>[a-z_.]+)""")]
    private static partial Regex Told();

    [GeneratedRegex(@"^\| `(?<type>[a-z_]+\.[a-z_{}.]+)`", RegexOptions.Multiline)]
    private static partial Regex Row();
}
