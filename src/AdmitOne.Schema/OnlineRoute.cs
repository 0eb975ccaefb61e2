using System.Text.RegularExpressions;

namespace AdmitOne.Schema;

/// <summary>
/// Another way to where a migration leads, for a table with a million rows and a sale on it: <c>007_name.online.sql</c>. A migration that has landed
/// is not edited; what took a lock for as long as its rows took is done in steps here, each of which commits by itself and bears repetition.
/// </summary>
internal static partial class OnlineRoute
{
    /// <summary>
    /// The statements of <paramref name="up"/> but those that <paramref name="online"/> leaves out, as one step that is not repeated once it is done, then
    /// <paramref name="online"/>'s own. A file that says <c>-- leaves out: N statements from `…`</c> names the first of them by its first line, and by
    /// <c>-- done if: select …</c> what tells that the step was made.
    /// </summary>
    /// <exception cref="MigrationException">The two do not fit.</exception>
    public static SqlFile Of(SqlFile up, SqlFile online)
    {
        if (online.Transactional) throw new MigrationException($"{online.Name}: an online route begins with `-- no transaction`");
        if (EverythingMark().IsMatch(online.Text)) return up.InSteps(online.Statements);
        var mark = LeavesOutMark().Match(online.Text);
        var probe = DoneMark().Match(online.Text);
        if (!mark.Success || !probe.Success)
            throw new MigrationException($"{online.Name}: say `-- leaves out: N statements from `first line`` and `-- done if: select …`, or `-- leaves out: everything`");
        var count = int.Parse(mark.Groups["count"].ValueSpan, System.Globalization.CultureInfo.InvariantCulture);
        var first = up.Statements.ToList().FindIndex(statement => SqlStatements.FirstLine(statement) == mark.Groups["line"].Value);
        if (first < 0 || first + count > up.Statements.Count) throw new MigrationException($"{online.Name}: {up.Name} has no {count} statements from `{mark.Groups["line"].Value}`");
        var kept = up.Statements.Where((_, index) => index < first || index >= first + count);
        return up.InSteps([OneStep(kept, probe.Groups["sql"].Value.Trim()), .. online.Statements]);
    }

    private static string OneStep(IEnumerable<string> statements, string probe) =>
        $"do $step$\nbegin\n    if ({probe}) then return; end if;\n{string.Concat(statements.Select(statement => $"    execute $statement${statement}\n$statement$;\n"))}end\n$step$";

    [GeneratedRegex(@"^--\s*leaves out: everything", RegexOptions.Multiline)]
    private static partial Regex EverythingMark();

    [GeneratedRegex(@"^--\s*leaves out: (?<count>\d+) statements from `(?<line>[^`]+)`", RegexOptions.Multiline)]
    private static partial Regex LeavesOutMark();

    [GeneratedRegex(@"^--\s*done if: (?<sql>[^\n]+)", RegexOptions.Multiline)]
    private static partial Regex DoneMark();
}
