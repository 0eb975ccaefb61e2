using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using AdmitOne.Cli.Charts;

namespace AdmitOne.Load;

/// <param name="LoadBefore">The machine's load average of the last minute before anything was started.</param>
internal sealed record LoadMachine(string Cpu, int Cores, int MemoryGiB, string System, string DotNet, string PostgreSql, string Commit, double LoadBefore);

/// <param name="TicketsPromised">In answers 201; <paramref name="TicketsCounted"/> are in the database.</param>
internal sealed record LoadResult(LoadMachine Machine, DateTimeOffset At, bool Quick, int Buyers, IReadOnlyList<PhaseResult> Phases, int TicketsPromised, int TicketsCounted, bool VerifyClean)
{
    public bool AllHeld => VerifyClean && TicketsPromised == TicketsCounted && Phases.All(p => p.Lines.All(l => l.Held != false));
}

/// <summary>What was measured, for people and for programs.</summary>
internal static class Report
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public static string Say(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    public static LoadMachine Describe(string postgres, string commit, double loadBefore) => new(
        File.Exists("/proc/cpuinfo") && File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal)) is { } line ? line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim() : "unknown",
        Environment.ProcessorCount, (int)Math.Round(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1073741824.0), RuntimeInformation.OSDescription, RuntimeInformation.FrameworkDescription, postgres, commit, loadBefore);

    /// <param name="page">The Markdown page; its pictures go into <c>pictures/</c> beside it.</param>
    public static async Task WriteAsync(LoadResult result, string json, string page)
    {
        await File.WriteAllTextAsync(json, JsonSerializer.Serialize(result, s_json) + "\n");
        await DrawAsync(result, page);
        await File.WriteAllTextAsync(page, Markdown(result));
    }

    /// <summary>Draws the page's pictures again from the results.</summary>
    public static async Task RedrawAsync(string json, string page) =>
        await DrawAsync(JsonSerializer.Deserialize<LoadResult>(await File.ReadAllTextAsync(json), s_json)!, page);

    private static async Task DrawAsync(LoadResult result, string page)
    {
        var pictures = Directory.CreateDirectory(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(page))!, "pictures")).FullName;
        foreach (var phase in result.Phases) await File.WriteAllTextAsync(Path.Combine(pictures, $"load-{phase.Name}.svg"), Draw(phase));
    }

    private static string Draw(PhaseResult phase) => Chart.Panels(Say($"{phase.Users:N0} users on the {phase.Service}, {phase.Seconds:N0} s"), phase.Seconds,
    [
        Over(phase, "calls a second", m => m.PerSecond),
        Over(phase, "p95 of all requests, ms", m => m.P95Ms),
        Over(phase, $"memory of the {phase.Service}, MiB", m => m.MemoryMiB),
        Over(phase, $"CPU of the {phase.Service}, cores", m => m.Cores),
    ]);

    // Before the first reading there is nothing to draw.
    private static Panel Over(PhaseResult phase, string title, Func<Moment, double> of) =>
        new(title, [.. phase.Moments.Where(moment => of(moment) > 0).Select(moment => (moment.AtSeconds, of(moment)))]);

    private static string Markdown(LoadResult result)
    {
        var text = new StringBuilder();
        void Line(FormattableString line) => text.Append(Say(line)).Append('\n');
        var machine = result.Machine;
        Line($"# Load report");
        Line($"");
        Line($"Written by `load/run{(result.Quick ? " --quick" : "")}`; commit {machine.Commit}, {result.At:yyyy-MM-dd HH:mm} UTC.");
        Line($"{machine.Cores} cores ({machine.Cpu}), {machine.MemoryGiB} GiB, {machine.System}; {machine.DotNet}; PostgreSQL {machine.PostgreSql}.");
        Line($"Everything on this machine: load generator, both services as processes of their own, PostgreSQL, Redis. Its load average before anything was started was {machine.LoadBefore:N1}.");
        Line($"");
        Line($"A user is a connection with times of its own, a second apart on average and drawn exponentially; latencies count from those times, so that a slow answer");
        Line($"hides nothing. What a user does each time is done for the next of {result.Buyers:N0} buyers, each with a token, so that the rate limits stay at their defaults and are met by nobody.");
        Line($"On the Ticket Service 60 of 100 browse, 20 hold and buy, 15 look at their tickets and a code, 5 scan; on the Event Service they walk through the catalogue.");
        Line($"Health is asked every half second. The first seconds of each phase warm up and do not count.");
        Line($"");
        Line($"**{(result.AllHeld ? "Every line holds." : "Not every line holds: see below.")}** {result.TicketsPromised:N0} tickets were promised by 201 and {result.TicketsCounted:N0} are in the database; `admitone verify` is {(result.VerifyClean ? "clean" : "**not clean**")}.");
        foreach (var phase in result.Phases) Write(Line, phase);
        Line($"");
        Line($"k6 scripts of the same mixes are in `load/k6/`, for those who have k6; they were not run for this report.");
        return text.ToString();
    }

    private static void Write(Action<FormattableString> line, PhaseResult phase)
    {
        line($"");
        line($"## {phase.Title}{(phase.Users is 1000 or 500 ? "" : Say($" (here {phase.Users:N0})"))}");
        line($"");
        line($"{phase.Seconds / 60:0.##} minutes, {phase.PerSecond:N0} calls a second by the clock, {phase.ErrorShare:P2} errors; the machine was {phase.MachineBusy:P0} busy.");
        line($"");
        line($"| demanded | bound | measured | |");
        line($"| --- | --- | --- | --- |");
        foreach (var demand in phase.Lines) line($"| {demand.Demand} | {demand.Bound} | {demand.Measured} | {demand.Held switch { true => "holds", false => "**missed**", null => "–" }} |");
        line($"");
        line($"| route | asked | p50 ms | p95 ms | p99 ms | max ms | answers |");
        line($"| --- | ---: | ---: | ---: | ---: | ---: | --- |");
        foreach (var route in phase.Routes)
            line($"| {route.Step} | {route.Count:N0} | {route.P50Ms:N1} | {route.P95Ms:N1} | {route.P99Ms:N1} | {route.MaxMs:N1} | {string.Join(", ", route.Outcomes.Select(o => Say($"{o.Key} {o.Value:N0}")))} |");
        line($"");
        line($"CPU in cores: {string.Join(", ", phase.CpuCores.OrderByDescending(c => c.Value).Select(c => Say($"{c.Key} {c.Value:N2}")))}.");
        line($"");
        line($"![Rate, p95, memory and CPU over the phase](pictures/load-{phase.Name}.svg)");
    }
}
