using AdmitOne.Platform.Http;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Inventory;
using AdmitOne.Tickets.TicketTypes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Guests;

/// <summary>A person without a sign-in.</summary>
/// <param name="Token">Send it as <c>Authorization: Bearer</c>. It is good with the event's organiser, for what a customer may do.</param>
public sealed record Guest(string Token, DateTimeOffset ExpiresAt);

/// <summary>Gives out the token of a new guest. Nothing is written until the token is used.</summary>
internal static class BecomeGuest
{
    private static readonly Guest s_example = new("guest.AZmhsnwAcACAAAAAAAAAAQGZobJ8AHAAgAAAAAAAAAgAAAAAaN2SWHd6bR5cB1mVv0n4mM4kq0sJ3y5l0m9o2bq4Xc8r", ExampleSale.At("2026-10-02T19:00:00Z"));

    public static void Map(IEndpointRouteBuilder v1) =>
        v1.MapPost("/events/{eventId}/guests", HandleAsync).AllowAnonymous()
            .WithTag("Guests", "Buying without a sign-in.")
            .WithName("BecomeGuest").WithSummary("A token to buy with and no sign-in, where the event's buyerPolicy is anyone")
            .WithDescription("With it a reservation is made, changed and bought as by any customer, under the same limits. The purchase must say contactEmail. The order's pageKey opens its page without any token, "
                + "and the first verified sign-in with that address claims the order.")
            .WithRateTier(RateTier.Global).CountedAsSignIn()
            .WithAnswerExample(s_example, StatusCodes.Status201Created)
            .MayRefuseWith(PlatformProblems.NotFound, InventoryProblems.AccountRequired);

    private static async Task<Results<Created<Guest>, Refusal>> HandleAsync(Guid eventId, HttpContext context, Database database, GuestTokens tokens, CancellationToken cancellationToken)
    {
        if (await ReadableEvent.LookAsync(database, eventId, caller: null, cancellationToken) is not var (_, found)) return PlatformProblems.NotFound.With("There is no such event.");
        if (found.BuyerPolicy != "anyone") return InventoryProblems.AccountRequired.With("The organiser sells these tickets to buyers who have signed in.");
        var (token, guest) = tokens.Issue(found.TenantId);
        context.NeverCache();
        return TypedResults.Created((string?)null, new Guest(token, guest.EndsAt));
    }
}
