using System.Globalization;
using System.Text.RegularExpressions;
using AdmitOne.Tickets.Inventory;
using AdmitOne.Tickets.Lanes;
using AdmitOne.UnitTests.Architecture;

namespace AdmitOne.UnitTests.Docs;

/// <summary>The page that explains the lanes, compared with them.</summary>
public sealed partial class CombiningDocTests
{
    private static readonly string s_page = File.ReadAllText(Path.Combine(Checkout.Root, "docs", "combining.md"));

    [Fact]
    public void Every_test_that_the_page_names_exists()
    {
        var tests = string.Concat(Directory.EnumerateFiles(Path.Combine(Checkout.Root, "tests"), "*.cs", SearchOption.AllDirectories).Select(File.ReadAllText));
        var named = Named().Matches(s_page).Select(m => (Class: m.Groups["class"].Value, Test: m.Groups["test"].Value)).ToList();
        Assert.True(named.Count > 5);
        Findings.None(named.Where(n => !tests.Contains($"class {n.Class}", StringComparison.Ordinal) || !tests.Contains(n.Test, StringComparison.Ordinal)));
    }

    [Fact]
    public void Its_numbers_are_the_lanes()
    {
        Assert.Contains($"up to {Lane<StockCommand>.MaxBatch} commands", s_page, StringComparison.Ordinal);
        Assert.Contains($"At most {Lane<StockCommand>.MaxWaiting.ToString("#,0", new NumberFormatInfo { NumberGroupSeparator = " " })} commands wait for one event", s_page, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"`(?<class>\w+Tests)(?:\.(?<test>\w+))?`")]
    private static partial Regex Named();
}
