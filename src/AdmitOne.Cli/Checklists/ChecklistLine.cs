using AdmitOne.Cli.Doctor;

namespace AdmitOne.Cli.Checklists;

/// <summary>One line of a checklist, word for word, and who looks at it.</summary>
/// <param name="Section">The heading that it stands under.</param>
/// <param name="Probe">What looks; null where no program can, and then <paramref name="Page"/> says what a person does.</param>
internal sealed record ChecklistLine(string Section, string Text, Probe? Probe, string Page)
{
    /// <summary>A line whose worth is that of the lines under it.</summary>
    public bool IsGroup { get; init; }

    public static ChecklistLine Group(string section, string text) => new(section, text, null, "") { IsGroup = true };
}

/// <summary>A line and what was found.</summary>
internal sealed record CheckedLine(ChecklistLine Line, Finding Finding);

/// <summary>Walks a checklist. What no probe looks at is for a person, whatever else is true.</summary>
internal static class ChecklistWalk
{
    public static async Task<IReadOnlyList<CheckedLine>> RunAsync(IReadOnlyList<ChecklistLine> lines, Patient patient, CancellationToken cancellationToken)
    {
        // A probe that serves several lines looks once.
        var seen = new Dictionary<Probe, Finding>(ReferenceEqualityComparer.Instance);
        foreach (var probe in lines.Select(line => line.Probe).OfType<Probe>().Distinct(ReferenceEqualityComparer.Instance).Cast<Probe>())
            seen[probe] = Worst(await Examination.LookAsync(probe, patient, cancellationToken));

        var walked = new List<CheckedLine>();
        for (var i = 0; i < lines.Count; i++)
        {
            var line = lines[i];
            walked.Add(new CheckedLine(line, line.IsGroup
                ? Sum(lines.Skip(i + 1).TakeWhile(under => !under.IsGroup && under.Section == line.Section).Select(under => Of(under, seen)).ToList())
                : Of(line, seen)));
        }
        return walked;
    }

    /// <summary>The gravest of several, with the words of all that are as grave.</summary>
    internal static Finding Worst(IReadOnlyList<Finding> findings)
    {
        var gravest = findings.OrderBy(finding => Gravity(finding.Verdict)).First().Verdict;
        var those = findings.Where(finding => finding.Verdict == gravest).ToList();
        return new Finding(gravest, string.Join("; ", those.Select(finding => finding.Found).Distinct()), those.Select(finding => finding.Do).OfType<string>().FirstOrDefault());
    }

    private static Finding Of(ChecklistLine line, Dictionary<Probe, Finding> seen) =>
        line.Probe is null ? new Finding(Verdict.Person, line.Page) : seen[line.Probe] is var found && found.Verdict is Verdict.Person or Verdict.Unseen ? found with { Do = line.Page } : found;

    private static Finding Sum(List<Finding> under) => under.Count == 0 ? new Finding(Verdict.Person, "nothing stands under it")
        : new Finding(Worst(under).Verdict, $"{DoctorView.Count(under)} below");

    private static int Gravity(Verdict verdict) => verdict switch { Verdict.NoGo => 0, Verdict.Unseen => 1, Verdict.Warning => 2, Verdict.Person => 3, _ => 4 };
}
