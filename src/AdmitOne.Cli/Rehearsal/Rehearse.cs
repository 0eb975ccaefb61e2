using System.Globalization;
using AdmitOne.Cli.Load;
using AdmitOne.Cli.Local;
using AdmitOne.Platform.Identity;

namespace AdmitOne.Cli.Rehearsal;

/// <param name="Stock">Tickets of the copy; null: as many as the original has.</param>
/// <param name="TicketsPerBuyer">Within what their type allows an order.</param>
/// <param name="Search">Look for the highest rate afterwards, by trying some.</param>
internal sealed record RehearsalWish(Guid EventId, ArrivalCurve Curve, int? Stock, int TicketsPerBuyer, bool Search, int Seed);

/// <param name="folder">The data folder of ./run, where a rehearsal that is cut off is noted; null elsewhere.</param>
/// <summary>Plays an on-sale: a copy of the event, buyers by the clock, a recount, and the copy's end.</summary>
internal sealed class Rehearse(Stage stage, HttpClient http, RehearsalWish wish, string? folder, LiveView live, Steps steps)
{
    private static readonly TimeSpan s_try = TimeSpan.FromSeconds(10);
    private const double FirstRate = 25;
    private const double LastRate = 3200;
    private const int Halvings = 3;

    /// <exception cref="CannotRunException">It cannot be played, or a service refused what it needs.</exception>
    public async Task<RehearsalResult> RunAsync(CancellationToken cancellationToken)
    {
        EventCopy? copy = null;
        await steps.DoAsync("copying the event", async () => copy = await EventCopy.MakeAsync(stage, http, wish.EventId, wish.Stock, cancellationToken));
        if (folder is not null) new UnfinishedRehearsal(copy!.Id, stage.Tenant).Write(folder);
        RehearsalResult result;
        CopyEnd? end = null;
        try
        {
            steps.Note($"\"{copy!.Name}\" ({copy.Id}): {copy.Types.Sum(t => t.Quantity):N0} tickets of {copy.Types.Count} type(s), paid for by the method \"{copy.Payment}\"");
            result = await PlayAsync(copy, wish.Curve, cancellationToken);
            if (wish.Search) result = result with { Search = await SearchAsync(cancellationToken) };
        }
        finally
        {
            // Whoever interrupts a rehearsal must not leave it on sale.
            await steps.DoAsync("ending the copy", async () => end = await copy!.EndAsync(CancellationToken.None));
            if (folder is not null) UnfinishedRehearsal.Remove(folder);
        }
        return result with { End = end };
    }

    private async Task<RehearsalResult> PlayAsync(EventCopy copy, ArrivalCurve curve, CancellationToken cancellationToken)
    {
        var (samples, clock, visits) = (new Samples(), new ArrivalClock(), new List<Visit>());
        using var connections = LoadClient.Shared();
        var visit = new BuyerVisit(stage, copy, new LoadClient(connections, samples, clock), clock, wish.TicketsPerBuyer);
        var (watch, machine) = (new ServiceWatch(stage.Metrics, clock), new MachineClock(clock));
        var times = curve.Times(wish.Seed);
        var entered = 0;
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);

        clock.Start();
        var beside = Task.WhenAll(watch.RunAsync(watching.Token), machine.RunAsync(watching.Token), live.RunAsync(() => new LiveView.Moment(curve, clock.NowSeconds, Volatile.Read(ref entered), Ended(), samples, watch), watching.Token));
        try
        {
            await clock.RunAsync(times, async (number, at) =>
            {
                Interlocked.Increment(ref entered);
                var ended = await visit.RunAsync(number, at);
                lock (visits) visits.Add(ended);
            }, cancellationToken);
            // The second in which the last answer came is read too.
            await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
        }
        finally
        {
            await watching.CancelAsync();
            await beside;
        }

        var books = await CountAsync(copy, visit, Ended(), samples);
        return Result(copy, curve, Ended(), samples, (clock, watch, machine), books);

        IReadOnlyList<Visit> Ended()
        {
            lock (visits) return [.. visits];
        }
    }

    private RehearsalResult Result(EventCopy copy, ArrivalCurve curve, IReadOnlyList<Visit> visits, Samples samples, (ArrivalClock Clock, ServiceWatch Watch, MachineClock Machine) seen, Books books)
    {
        var seconds = AdmissionRate.Seconds(visits, samples);
        // Only a machine that the services share says something about them.
        var machine = stage.Events.IsLoopback ? seen.Machine.Readings : [];
        var limited = samples.Steps.Sum(step => samples.Of(step).Count(s => s.Outcome == "rate_limited"));
        return new RehearsalResult(
            TimeProvider.System.GetUtcNow(), copy.Name, copy.Id, curve.ToString(), copy.Types.Sum(t => t.Quantity), copy.Payment, stage.Tickets.Count, visits.Count, wish.TicketsPerBuyer,
            visits.Count(v => v.Tickets.Count > 0), visits.Sum(v => v.Tickets.Count), visits.CountBy(v => v.Outcome).OrderByDescending(v => v.Value).ToDictionary(v => v.Key, v => v.Value),
            [.. BuyerVisit.Steps.Where(samples.Steps.Contains).Select(step => StepSummary.Of(step, samples.Of(step)))],
            StepSummary.Of(BuyerVisit.Whole, [.. visits.Select(v => new Sample(v.ArrivedAt, v.TookMs, v.Outcome))]),
            visits.Where(v => v.Outcome is BuyerVisit.SoldOut or "insufficient_inventory").Select(v => Math.Round(v.ArrivedAt, 1)).DefaultIfEmpty(0).Min(), Math.Round(seen.Clock.LateP99Ms, 1),
            Bottleneck.First(seen.Watch.Readings, machine, limited), Bottleneck.Worst(seen.Watch.Readings, machine), seen.Watch.Silent, AdmissionRate.Of(seconds), seconds, books, [], End: null);
    }

    private async Task<Books> CountAsync(EventCopy copy, BuyerVisit visit, IReadOnlyList<Visit> visits, Samples samples)
    {
        var manager = new ManagerClient(http, stage.Token(Roles.VenueManager));
        var sales = (await manager.SendAsync(HttpMethod.Get, $"{stage.TicketsUrl}/api/v1/events/{copy.Id}/sales")).GetProperty("totals");
        var check = await new ManagerClient(http, stage.Token(Roles.Admin)).SendAsync(HttpMethod.Get, $"{stage.TicketsUrl}/api/v1/admin/inventory/verify?eventId={copy.Id}");
        var missing = 0;
        foreach (var unseen in visits.Where(v => v.Tickets.Count > 0 && !v.TicketsSeen))
            if (!await visit.LookAgainAsync(unseen)) missing++;
        int Number(string property) => sales.GetProperty(property).GetInt32();
        var unanswered = samples.Of(BuyerVisit.Steps[3]).Count(s => s.Outcome is LoadClient.NoAnswer or "timeout" or "internal_error" or "payment_pending" || s.Outcome.StartsWith("http_5", StringComparison.Ordinal));
        return new Books(Number("quantity"), Number("held"), Number("sold"), visits.Sum(v => v.Tickets.Count), unanswered * wish.TicketsPerBuyer, missing,
            [.. check.GetProperty("problems").EnumerateArray().Select(p => p.ToString())]);
    }

    /// <summary>Doubles the rate until a step's p95 passes the bound, and then halves the gap a few times. Each rate has a copy of its own with enough tickets.</summary>
    private async Task<IReadOnlyList<TriedRate>> SearchAsync(CancellationToken cancellationToken)
    {
        var (tried, copies) = (new List<TriedRate>(), new List<EventCopy>());
        try
        {
            var (good, bad) = (0.0, double.PositiveInfinity);
            for (var rate = FirstRate; rate <= LastRate && double.IsInfinity(bad); rate *= 2)
            {
                tried.Add(await TryAsync(rate, copies, cancellationToken));
                if (tried[^1].IsGood) good = rate; else bad = rate;
            }
            for (var halving = 0; halving < Halvings && double.IsFinite(bad); halving++)
            {
                var rate = Math.Round((good + bad) / 2);
                tried.Add(await TryAsync(rate, copies, cancellationToken));
                if (tried[^1].IsGood) good = rate; else bad = rate;
            }
        }
        finally
        {
            await steps.DoAsync($"ending {copies.Count} more copies", () => Task.WhenAll(copies.Select(copy => copy.EndAsync(CancellationToken.None))));
        }
        return tried;
    }

    private async Task<TriedRate> TryAsync(double rate, List<EventCopy> copies, CancellationToken cancellationToken)
    {
        var curve = new ArrivalCurve((int)(rate * s_try.TotalSeconds), s_try, IsSpike: false);
        var copy = await EventCopy.MakeAsync(stage, http, wish.EventId, curve.Arrivals * wish.TicketsPerBuyer, cancellationToken);
        copies.Add(copy);
        var result = await PlayAsync(copy, curve, cancellationToken);
        var slowest = result.Steps.MaxBy(s => s.P95Ms)!;
        var tried = new TriedRate(rate, slowest.P95Ms, slowest.Step, (double)result.Errors.Values.Sum() / Math.Max(1, result.Arrivals), result.FirstBottleneck?.What);
        steps.Note(string.Create(CultureInfo.InvariantCulture, $"{rate:N0} a second for {s_try.TotalSeconds:N0} s: p95 {tried.P95Ms:N0} ms ({tried.SlowestStep}), errors {tried.ErrorShare:P1}"));
        return tried;
    }
}
