using System.Globalization;

namespace AdmitOne.Cli.Doctor;

/// <summary>How findings are written for a terminal.</summary>
internal static class DoctorWords
{
    public static string Write(Finding finding, string what) =>
        $"{finding.Word.ToUpperInvariant(),-8} {what,-20} {finding.Found}{(finding.Do is null || finding.Verdict == Verdict.Go ? "" : $"\n{"",-30}→ {finding.Do}")}";

    public static string Count(IEnumerable<Finding> findings) =>
        string.Join(", ", findings.CountBy(finding => finding.Word).Select(word => $"{word.Value.ToString(CultureInfo.InvariantCulture)} {word.Key}"));
}
