namespace AdmitOne.IntegrationTests.Docs;

/// <summary>A fenced block of a page that its reader is told to paste, marked <c>```bash run</c>.</summary>
internal sealed record RunnableBlock(string Page, int Line, string Text)
{
    private const string Fence = "```bash run";
    private const string DrillFence = "```bash drill";

    public static string Root { get; } = FindRoot();

    /// <summary>Those of README.md, of deploy/README.md and of every page below docs/, in the order a reader meets them.</summary>
    public static IEnumerable<RunnableBlock> All() =>
        new[] { Path.Combine(Root, "README.md"), Path.Combine(Root, "deploy", "README.md") }.Where(File.Exists)
            .Concat(Directory.EnumerateFiles(Path.Combine(Root, "docs"), "*.md", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            .SelectMany(page => Of(Path.GetRelativePath(Root, page), File.ReadAllLines(page)));

    /// <summary>What a page tells its reader to do step by step, which a drill does: its blocks marked <c>```bash drill</c>.</summary>
    public static IReadOnlyList<RunnableBlock> Steps(string page) => [.. Of(page, File.ReadAllLines(Path.Combine(Root, page)), DrillFence)];

    public static IEnumerable<RunnableBlock> Of(string page, IReadOnlyList<string> lines, string fence = Fence)
    {
        for (var start = 0; start < lines.Count; start++)
        {
            // A block inside a list is indented; its end is as far in as its beginning.
            var indent = lines[start].Length - lines[start].TrimStart().Length;
            if (lines[start].Trim() != fence) continue;
            var text = lines.Skip(start + 1).TakeWhile(line => line.Trim() != "```").Select(line => line.Length >= indent ? line[indent..] : line.TrimStart()).ToList();
            yield return new RunnableBlock(page, start + 1, string.Join('\n', text) + "\n");
            start += text.Count + 1;
        }
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "AdmitOne.slnx"))) return folder.FullName;
        throw new InvalidOperationException("The tests run outside a checkout: they read its pages.");
    }
}
