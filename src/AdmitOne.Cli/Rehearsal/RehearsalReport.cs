using System.Globalization;
using System.Text;
using System.Text.Json;

namespace AdmitOne.Cli.Rehearsal;

/// <summary>A rehearsal for its reader: Markdown that also reads well in a terminal, and JSON.</summary>
internal static class RehearsalReport
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public static string Json(RehearsalResult result) => JsonSerializer.Serialize(result, s_json) + "\n";

    public static string Markdown(RehearsalResult result)
    {
        var text = new StringBuilder();
        void Line(FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');

        Line($"# {result.EventName}");
        Line($"");
        Line($"{result.At:yyyy-MM-dd HH:mm} UTC: {result.Curve}; {result.Stock:N0} tickets, {result.TicketsPerBuyer} for each buyer, paid for by the method `{result.Payment}`; {result.Replicas} Ticket Service(s).");
        Line($"Each buyer is another person with a token and goes on as soon as a step is answered. Latencies count from when a step was to begin:");
        Line($"the first from the arrival by the clock, however busy everything was. The generator itself was late by at most {result.GeneratorLateP99Ms:N1} ms in 99 of 100 arrivals.");
        Line($"");
        Line($"| sold | buyers served | refused | errors | sold out after |");
        Line($"| ---: | ---: | ---: | ---: | ---: |");
        Line($"| {result.TicketsSold:N0} | {result.BuyersServed:N0} | {result.Refused.Values.Sum():N0} | {result.Errors.Values.Sum():N0} | {(result.SoldOutAfterSeconds > 0 ? string.Create(CultureInfo.InvariantCulture, $"{result.SoldOutAfterSeconds:N1} s") : "not")} |");
        Line($"");
        Line($"| step | asked | p50 ms | p95 ms | p99 ms | max ms | answers |");
        Line($"| --- | ---: | ---: | ---: | ---: | ---: | --- |");
        foreach (var step in result.Steps.Append(result.WholeVisit))
            Line($"| {step.Step} | {step.Count:N0} | {step.P50Ms:N1} | {step.P95Ms:N1} | {step.P99Ms:N1} | {step.MaxMs:N1} | {string.Join(", ", step.Outcomes.Select(o => string.Create(CultureInfo.InvariantCulture, $"{o.Key} {o.Value:N0}")))} |");
        Line($"");
        Line($"**First bottleneck:** {(result.FirstBottleneck is { } first ? $"{first.What}, {string.Create(CultureInfo.InvariantCulture, $"{first.AtSeconds:N0}")} s after the start: {first.Says}." : "none; nothing reached its limit.")}");
        Line($"**Admission rate with p95 below 1 s:** {Admission(result)}");
        Line($"");
        Line($"| what can run short | tightest at | of where it holds others up | |");
        Line($"| --- | ---: | ---: | --- |");
        foreach (var pressure in result.Pressures) Line($"| {pressure.What} | {pressure.AtSeconds:N0} s | {pressure.Share:P0} | {pressure.Says} |");
        foreach (var silent in result.SilentServices) Line($"| {silent} | | | its metrics could not be read |");
        if (result.Search.Count > 0)
        {
            Line($"");
            Line($"| tried, a second | p95 ms | slowest step | errors | first bottleneck | |");
            Line($"| ---: | ---: | --- | ---: | --- | --- |");
            foreach (var tried in result.Search.OrderBy(t => t.PerSecond)) Line($"| {tried.PerSecond:N0} | {tried.P95Ms:N1} | {tried.SlowestStep} | {tried.ErrorShare:P1} | {tried.Bottleneck ?? "none"} | {(tried.IsGood ? "good" : "too many")} |");
        }
        Line($"");
        Line($"**Books:** {Words(result.Books)}");
        Line($"**The copy:** {Words(result)}");
        return text.ToString();
    }

    private static string Admission(RehearsalResult result) => result.Search.Where(t => t.IsGood).Select(t => t.PerSecond).DefaultIfEmpty(0).Max() is var good and > 0
        ? string.Create(CultureInfo.InvariantCulture, $"{good:N0} a second, found by trying rates{(result.Search.Any(t => !t.IsGood) ? "" : "; none was too high")}.")
        : result.Admission.PerSecond == 0 ? $"not found: {result.Admission.Says}."
        : string.Create(CultureInfo.InvariantCulture, $"{(result.Admission.IsLimit ? "" : "at least ")}{result.Admission.PerSecond:N0} a second: {result.Admission.Says}.");

    private static string Words(Books books) => string.Create(CultureInfo.InvariantCulture,
        $"{books.Sold:N0} sold + {books.Held:N0} held of {books.Quantity:N0}; {books.Promised:N0} tickets were promised by 201 and {books.MissingTickets:N0} buyers miss theirs; "
        + $"{books.Faults.Count} faults in the recount. {(books.AreRight ? "All is right." : "**Something is wrong.**")}{string.Concat(books.Faults.Select(f => "\n- " + f))}");

    private static string Words(RehearsalResult result) => result.End switch
    {
        null => "is still there.",
        { Removed: true } => "removed.",
        var end => string.Create(CultureInfo.InvariantCulture, $"{result.CopyId} was cancelled: {end.Refunded:N0} of {end.Orders:N0} orders refunded so far, {end.Failed:N0} failed. It stays as a cancelled, unlisted event, as its orders do."),
    };
}
