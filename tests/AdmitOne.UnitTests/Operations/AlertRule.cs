using System.Text.RegularExpressions;
using AdmitOne.UnitTests.Architecture;

namespace AdmitOne.UnitTests.Operations;

/// <summary>One alert as its file has it. That the file is YAML that Prometheus understands, promtool says.</summary>
internal sealed partial record AlertRule(string File, string Name, string Expression, string Severity, string Summary, string Description, string RunbookUrl)
{
    public static string Folder { get; } = Path.Combine(Checkout.Root, "deploy", "prometheus");

    public static IReadOnlyList<AlertRule> All { get; } = [.. Directory.EnumerateFiles(Folder, "*.rules.yml").Order(StringComparer.Ordinal).SelectMany(Read)];

    private static IEnumerable<AlertRule> Read(string path) =>
        Alert().Split(System.IO.File.ReadAllText(path)).Skip(1).Select(text => new AlertRule(
            Path.GetFileName(path), text[..text.IndexOf('\n', StringComparison.Ordinal)].Trim(), Expr(text), One(text, "severity"), One(text, "summary"), One(text, "description"), One(text, "runbook_url")));

    private static string Expr(string text)
    {
        var one = One(text, "expr");
        return one != "|" ? one : string.Join('\n', text.Split('\n').SkipWhile(line => !line.TrimStart().StartsWith("expr:", StringComparison.Ordinal)).Skip(1)
            .TakeWhile(line => line.StartsWith("          ", StringComparison.Ordinal)).Select(line => line.Trim()));
    }

    private static string One(string text, string key) =>
        Regex.Match(text, $@"^\s+{key}: (?<value>.*)$", RegexOptions.Multiline).Groups["value"].Value.Trim().Trim('\'');

    [GeneratedRegex(@"^      - alert: ", RegexOptions.Multiline)]
    private static partial Regex Alert();
}
