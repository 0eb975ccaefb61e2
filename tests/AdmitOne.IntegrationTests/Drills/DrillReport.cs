using System.Diagnostics;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using AdmitOne.IntegrationTests.Docs;

namespace AdmitOne.IntegrationTests.Drills;

/// <summary>What a drill measured, for docs/drills.md, which a test writes from these files.</summary>
/// <param name="Drill">What was done, in a few words.</param>
/// <param name="Command">What runs it again.</param>
/// <param name="Facts">What, and its figure with its unit.</param>
internal sealed record DrillReport(string Drill, string Command, IReadOnlyList<DrillFact> Facts, IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows)
{
    /// <summary>For the table of all faults at the top of the page.</summary>
    public IReadOnlyList<FaultOutcome> Outcomes { get; init; } = [];

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Keeps it below artifacts/drills, and with <c>UPDATE_DOCS=1</c> where the page is written from: what is there has passed.</summary>
    /// <param name="hasPassed">False while it may still fail.</param>
    public void Write(string name, bool hasPassed = true)
    {
        var text = JsonSerializer.Serialize(new { Drill, Date = $"{TimeProvider.System.GetUtcNow():yyyy-MM-dd}", Commit = Commit(), Processors = Environment.ProcessorCount, Load = Load(), Command, Facts, Columns, Rows, Outcomes }, s_json) + "\n";
        TestContext.Current.TestOutputHelper?.WriteLine(text);
        string[] folders = hasPassed && Environment.GetEnvironmentVariable("UPDATE_DOCS") == "1" ? ["artifacts", "docs"] : ["artifacts"];
        foreach (var folder in folders.Select(folder => Path.Combine(RunnableBlock.Root, folder, "drills")))
        {
            Directory.CreateDirectory(folder);
            File.WriteAllText(Path.Combine(folder, name + ".json"), text);
        }
    }

    /// <summary>How many processes wanted a processor at a time, on average over a quarter of an hour; null where nobody counts.</summary>
    private static double? Load() => File.Exists("/proc/loadavg") ? double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[2], CultureInfo.InvariantCulture) : null;

    private static string Commit()
    {
        if (Git("rev-parse", "--short", "HEAD") is not { Length: > 0 } commit) return "unknown";
        return Git("status", "--porcelain", "--untracked-files=no", "--", "src", "tests", "deploy").Length == 0 ? commit : $"{commit} with changes";
    }

    private static string Git(params string[] words)
    {
        using var git = Process.Start(new ProcessStartInfo("git", ["-C", RunnableBlock.Root, .. words]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        return git.StandardOutput.ReadToEnd().Trim();
    }
}

internal sealed record DrillFact(string What, string Figure);

/// <param name="Buyer">What a buyer is answered while it lasts.</param>
/// <param name="Sales">When sales go on, with its unit.</param>
/// <param name="Alerts">Names of alerts that fire.</param>
internal sealed record FaultOutcome(string Fault, string Buyer, string Sales, IReadOnlyList<string> Alerts);
