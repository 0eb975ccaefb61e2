using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Outbound;
using AdmitOne.Platform.Outbox;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Events.Records;

/// <summary>Messages after a given one.</summary>
/// <param name="Newest">The highest number that the tenant has: how far behind the reader is.</param>
public sealed record Changes(IReadOnlyList<OutboxMessage> Items, long Newest);

internal static class ListChanges
{
    private static readonly Changes s_example = new(
        [new OutboxMessage(new("0199a1b2-7c00-7000-8000-0000000000c1"), 42, "event.on_sale", new DateTimeOffset(2026, 9, 3, 8, 0, 0, TimeSpan.Zero),
            new("0199a1b2-7c00-7000-8000-000000000001"), JsonSerializer.SerializeToElement(new { from = "published", to = "on_sale", reason = (string?)null }))],
        Newest: 42);

    public static void Map(IEndpointRouteBuilder v1) =>
        v1.MapGet("/changes", HandleAsync)
            .WithName("ListChanges").WithSummary("The tenant's messages of both services, in order")
            .WithDescription("Numbered 1, 2, 3, … without gaps, in the order of the commits. Begin with after=0, then ask after the last sequence you have handled. "
                + "An admin's token, or a signed call for the tenant that its signature names. The types are listed in docs/messages.md.")
            .RequireAuthorization(Policies.AdminOrService).OrSignedCall("order-service", "ticket-service", "event-service").WithRateTier(RateTier.Read)
            .WithAnswerExample(s_example).MayRefuseWith();

    private static async Task<Results<Ok<Changes>, Refusal>> HandleAsync(
        Caller? caller, SignedCaller? service, Database database, HttpContext context, CancellationToken cancellationToken,
        [Range(0L, long.MaxValue)] long after = 0, [Range(1, Paging.MaxLimit)] int limit = Paging.DefaultLimit)
    {
        if ((caller?.TenantId ?? service?.TenantId) is not { } tenantId) return PlatformProblems.NotFound.With("The signature names no tenant.");
        await using var work = await database.BeginAsync(tenantId, cancellationToken);
        var changes = await OutboxReading.ReadAsync(work, after, limit, cancellationToken);
        var newest = await OutboxReading.NewestAsync(work, cancellationToken);

        context.NeverCache();
        return TypedResults.Ok(new Changes(changes, newest));
    }
}
