using System.Text.Json;
using AdmitOne.Cli.Load;
using AdmitOne.Platform.Identity;

namespace AdmitOne.Cli.Rehearsal;

/// <summary>How a buyer's visit ended.</summary>
/// <param name="Tickets">That an answer 201 promised.</param>
/// <param name="LeftAt">The step at which they were refused; null if they have their tickets and a code.</param>
/// <param name="Outcome">The problem's code, <c>sold_out</c> if the page said so, or <c>ok</c>.</param>
/// <param name="Token">To look for their tickets again.</param>
internal sealed record Visit(double ArrivedAt, double TookMs, IReadOnlyList<Guid> Tickets, string? LeftAt, string Outcome, bool TicketsSeen, string Token);

/// <summary>What one buyer does, each step as soon as the one before was answered: page, availability, hold, pay, own tickets, a code.</summary>
internal sealed class BuyerVisit(Stage stage, EventCopy copy, LoadClient client, ArrivalClock clock, int quantity)
{
    public const string Whole = "whole visit";
    public const string SoldOut = "sold_out";

    /// <summary>In their order.</summary>
    public static readonly IReadOnlyList<string> Steps = ["event page", "availability", "hold", "pay", "my tickets", "code"];

    private readonly int _all = copy.Types.Sum(t => t.Quantity);

    /// <param name="number">Of the buyer: decides the replica, and which type they wish for.</param>
    public async Task<Visit> RunAsync(int number, double arrivedAt)
    {
        var (token, tickets) = (stage.Token(Roles.Customer), Stage.Text(stage.Tickets[number % stage.Tickets.Count]));
        Visit Ended(string? at, string outcome, IReadOnlyList<Guid>? bought = null, bool seen = false) =>
            new(arrivedAt, (clock.NowSeconds - arrivedAt) * 1000, bought ?? [], at, outcome, seen, token);

        // With their token: what an address may ask without one is little, and here all buyers share one.
        var page = await client.SendAsync(new Call(Steps[0], HttpMethod.Get, $"{stage.EventsUrl}/api/v1/events/{copy.Id}", token), arrivedAt);
        if (!page.IsFine) return Ended(Steps[0], page.Outcome);
        var availability = await client.SendAsync(new Call(Steps[1], HttpMethod.Get, $"{tickets}/api/v1/events/{copy.Id}/availability", token));
        if (!availability.IsFine) return Ended(Steps[1], availability.Outcome);
        if (Choose(number, availability.Body) is not { } wanted) return Ended(Steps[1], SoldOut);

        var count = Math.Clamp(quantity, wanted.PerOrder.Min, wanted.PerOrder.Max);
        var hold = await client.SendAsync(new Call(Steps[2], HttpMethod.Post, tickets + "/api/v1/reservations", token,
            $$"""{"eventId":"{{copy.Id}}","items":[{"ticketTypeId":"{{wanted.Id}}","quantity":{{count}}}]}"""));
        if (!hold.IsFine) return Ended(Steps[2], hold.Outcome);
        var payment = copy.Payment == "free" ? """{"method":"free"}""" : """{"method":"test","token":"tok_ok"}""";
        var paid = await client.SendAsync(new Call(Steps[3], HttpMethod.Post, tickets + "/api/v1/purchases", token,
            $$"""{"reservationId":"{{hold.Body.GetProperty("id").GetGuid()}}","payment":{{payment}}}""", Guid.CreateVersion7().ToString()));
        if (!paid.IsFine) return Ended(Steps[3], paid.Outcome);
        if (paid.Status != 201) return Ended(Steps[3], "payment_pending");

        Guid[] bought = [.. paid.Body.GetProperty("tickets").EnumerateArray().Select(t => t.GetProperty("id").GetGuid())];
        var mine = await client.SendAsync(new Call(Steps[4], HttpMethod.Get, tickets + "/api/v1/tickets", token));
        if (!mine.IsFine) return Ended(Steps[4], mine.Outcome, bought);
        var seen = bought.All(Ids(mine.Body).Contains);
        var code = await client.SendAsync(new Call(Steps[5], HttpMethod.Get, $"{tickets}/api/v1/tickets/{bought[0]}/qr", token));
        return code.IsFine ? Ended(null, Samples.Fine, bought, seen) : Ended(Steps[5], code.Outcome, bought, seen);
    }

    /// <summary>Asks once more for the tickets of a buyer whose own look at them failed.</summary>
    public async Task<bool> LookAgainAsync(Visit visit)
    {
        // Not kept among the steps: the load is over.
        var mine = await new LoadClient(LoadClient.Shared(), new Samples(), clock).SendAsync(new Call("again", HttpMethod.Get, stage.TicketsUrl + "/api/v1/tickets", visit.Token));
        return mine.IsFine && visit.Tickets.All(Ids(mine.Body).Contains);
    }

    private static HashSet<Guid> Ids(JsonElement page) => [.. page.GetProperty("items").EnumerateArray().Select(t => t.GetProperty("id").GetGuid())];

    /// <summary>Wishes are spread as the stock is; who finds theirs gone takes what is left.</summary>
    private CopiedType? Choose(int number, JsonElement availability)
    {
        var left = availability.GetProperty("items").EnumerateArray().ToDictionary(i => i.GetProperty("ticketTypeId").GetGuid(), i => i.GetProperty("available").GetInt32());
        bool IsLeft(CopiedType type) => left.GetValueOrDefault(type.Id) > 0;
        var at = (int)((uint)number * 2_654_435_761u % (uint)Math.Max(1, _all));
        foreach (var type in copy.Types)
        {
            if (at < type.Quantity && IsLeft(type)) return type;
            at -= type.Quantity;
        }
        return copy.Types.FirstOrDefault(IsLeft);
    }
}
