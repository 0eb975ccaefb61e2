using AdmitOne.UnitTests.Architecture;

namespace AdmitOne.UnitTests.Docs;

/// <summary>A page below docs/ that the code writes: the test fails when the two differ, and the same test repairs the page.</summary>
internal static class GeneratedDoc
{
    private const string Switch = "UPDATE_DOCS";

    /// <summary>Compares the page with what the code says, or writes it when <c>UPDATE_DOCS=1</c>.</summary>
    public static void Check(string name, string text)
    {
        var path = Path.Combine(Checkout.Root, "docs", name);
        var expected = text.ReplaceLineEndings("\n").TrimEnd('\n') + "\n";
        if (Environment.GetEnvironmentVariable(Switch) == "1") File.WriteAllText(path, expected);
        Assert.True(File.Exists(path) && File.ReadAllText(path) == expected,
            $"docs/{name} does not say what the code says: run {Switch}=1 ./test --filter-namespace 'AdmitOne.UnitTests.Docs' and look at what changed.");
    }

    public static string Table(string[] columns, IEnumerable<string[]> rows) =>
        string.Join('\n', new[] { columns, columns.Select(_ => "---").ToArray() }.Concat(rows).Select(row => $"| {string.Join(" | ", row.Select(Cell))} |"));

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal).ReplaceLineEndings(" ");
}
