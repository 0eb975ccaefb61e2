using AdmitOne.Cli.Load;

namespace AdmitOne.Cli.Rehearsal;

/// <summary>What one rehearsal came to; <c>--json</c> writes it as it is.</summary>
/// <param name="Visits">How many buyers ended how: <c>ok</c>, a problem's code, or what else went wrong.</param>
/// <param name="Pressures">The tightest moment of each thing that can run short.</param>
/// <param name="Search">Rates that were tried, with <c>--search</c>.</param>
internal sealed record RehearsalResult(
    DateTimeOffset At, string EventName, Guid CopyId, string Curve, int Stock, string Payment, int Replicas, int Arrivals, int TicketsPerBuyer, int BuyersServed, int TicketsSold,
    IReadOnlyDictionary<string, int> Visits, IReadOnlyList<StepSummary> Steps, StepSummary WholeVisit, double SoldOutAfterSeconds, double GeneratorLateP99Ms,
    Pressure? FirstBottleneck, IReadOnlyList<Pressure> Pressures, IReadOnlyCollection<string> SilentServices, AdmissionRate Admission, IReadOnlyList<ArrivalSecond> Seconds, Books Books,
    IReadOnlyList<TriedRate> Search, CopyEnd? End)
{
    /// <summary>Answers that are no fault of the services: what a buyer can be told.</summary>
    public IReadOnlyDictionary<string, int> Refused => Visits.Where(v => v.Key != Samples.Fine && !IsError(v.Key)).ToDictionary();

    public IReadOnlyDictionary<string, int> Errors => Visits.Where(v => IsError(v.Key)).ToDictionary();

    public static bool IsError(string outcome) =>
        outcome is LoadClient.NoAnswer or "timeout" or "overloaded" or "rate_limited" or "internal_error" or "dependency_unavailable" || outcome.StartsWith("http_5", StringComparison.Ordinal);
}

/// <summary>The books after the last answer, as the Ticket Service counts them from their rows.</summary>
/// <param name="Promised">Tickets in answers 201.</param>
/// <param name="MissingTickets">Of those, tickets that their buyer does not find.</param>
/// <param name="Faults">What the recount of stock, tickets and money found.</param>
internal sealed record Books(int Quantity, int Held, int Sold, int Promised, int Unanswered, int MissingTickets, IReadOnlyList<string> Faults)
{
    /// <summary>A payment without an answer may have sold its tickets or not; all others are certain.</summary>
    public bool AreRight => Faults.Count == 0 && MissingTickets == 0 && Sold + Held <= Quantity && Sold >= Promised && Sold <= Promised + Unanswered;
}

/// <summary>One rate that was tried.</summary>
/// <param name="P95Ms">Of the slowest step.</param>
internal sealed record TriedRate(double PerSecond, double P95Ms, string SlowestStep, double ErrorShare, string? Bottleneck)
{
    public bool IsGood => P95Ms <= AdmissionRate.BoundMs && ErrorShare <= 0.01;
}
