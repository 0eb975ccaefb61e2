using System.ComponentModel.DataAnnotations;
using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Webhooks;

internal static class ListEndpoints
{
    public static void Map(IEndpointRouteBuilder endpoints) =>
        endpoints.MapGet("/", HandleAsync)
            .WithName("ListWebhookEndpoints").WithSummary("The organiser's endpoints, newest first").WithRateTier(RateTier.Read)
            .WithAnswerExample(RouteExamples.OnePage(WebhookExamples.Kept)).MayRefuseWith(PlatformProblems.ValidationFailed);

    private static async Task<Results<Ok<Page<WebhookEndpoint>>, Refusal>> HandleAsync(
        [Range(1, Paging.MaxLimit)] int? limit, string? cursor, Caller caller, HttpContext context, Database database, CancellationToken cancellationToken)
    {
        NewestFirst? after = null;
        if (cursor is not null && !Cursor.TryRead(cursor, out after)) return PlatformProblems.Invalid("/cursor", "Was not made by this list.");
        var size = limit ?? Paging.DefaultLimit;
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        var rows = await work.QueryAsync<EndpointRow>($"""
            select {EndpointRow.Columns} from tickets.webhook_endpoints
             where true{Where.And(after is not null, "(created_at, id) < (@At, @Id)")} order by created_at desc, id desc limit {size + 1}
            """, new { after?.At, after?.Id }, cancellationToken);
        context.NeverCache();
        return TypedResults.Ok(Paging.Make(rows, size, row => row.Answer(), row => new NewestFirst(row.CreatedAt, row.Id)));
    }
}

internal static class ListDeliveries
{
    public static void Map(IEndpointRouteBuilder endpoints) =>
        endpoints.MapGet("/{id}/deliveries", HandleAsync)
            .WithName("ListWebhookDeliveries").WithSummary("What was sent, what waits and what was given up, newest first").WithRateTier(RateTier.Read)
            .WithAnswerExample(RouteExamples.OnePage(WebhookExamples.Delivery)).MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.ValidationFailed);

    /// <param name="status"><c>waiting</c>, <c>delivered</c> or <c>dead</c>; all of them without it.</param>
    private static async Task<Results<Ok<Page<WebhookDelivery>>, Refusal>> HandleAsync(
        Guid id, [AllowedValues("waiting", "delivered", "dead", null)] string? status, [Range(1, Paging.MaxLimit)] int? limit, string? cursor, Caller caller, HttpContext context, Database database,
        CancellationToken cancellationToken)
    {
        NewestFirst? after = null;
        if (cursor is not null && !Cursor.TryRead(cursor, out after)) return PlatformProblems.Invalid("/cursor", "Was not made by this list.");
        var size = limit ?? Paging.DefaultLimit;
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        if (await EndpointRow.FindAsync(work, id, cancellationToken) is null) return WebhookProblems.NoEndpoint;
        var rows = await work.QueryAsync<DeliveryRow>($"""
            select id, message_id, sequence, type, status, attempts, last_status, last_fault, case when status = 'waiting' then next_attempt_at end as next_attempt_at, created_at
              from tickets.webhook_deliveries
             where endpoint_id = @id{Where.And(status is not null, "status = @status")}{Where.And(after is not null, "(created_at, id) < (@At, @Id)")}
             order by created_at desc, id desc limit {size + 1}
            """, new { id, status, after?.At, after?.Id }, cancellationToken);
        context.NeverCache();
        return TypedResults.Ok(Paging.Make(rows, size, row => row.Answer(), row => new NewestFirst(row.CreatedAt, row.Id)));
    }

    private sealed class DeliveryRow
    {
        public Guid Id { get; init; }
        public Guid MessageId { get; init; }
        public long Sequence { get; init; }
        public string Type { get; init; } = "";
        public string Status { get; init; } = "";
        public int Attempts { get; init; }
        public int? LastStatus { get; init; }
        public string? LastFault { get; init; }
        public DateTimeOffset? NextAttemptAt { get; init; }
        public DateTimeOffset CreatedAt { get; init; }

        public WebhookDelivery Answer() => new(Id, MessageId, Sequence, Type, Status, Attempts, LastStatus, LastFault, NextAttemptAt, CreatedAt);
    }
}

internal static class ReplayDelivery
{
    public static void Map(IEndpointRouteBuilder endpoints) =>
        endpoints.MapPost("/{id}/deliveries/{deliveryId}/replay", HandleAsync)
            .WithName("ReplayWebhookDelivery").WithSummary("Send it once more, with three more days of attempts").WithRateTier(RateTier.Write)
            .MayRefuseWith(PlatformProblems.NotFound);

    private static async Task<Results<NoContent, Refusal>> HandleAsync(Guid id, Guid deliveryId, Caller caller, Actor actor, Database database, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        var changed = await work.ExecuteAsync("""
            update tickets.webhook_deliveries set status = 'waiting', attempts = 0, next_attempt_at = clock_timestamp(), finished_at = null where endpoint_id = @id and id = @deliveryId
            """, new { id, deliveryId }, cancellationToken);
        if (changed == 0) return WebhookProblems.NoDelivery;
        await work.AuditAsync(actor, new AuditEntry("webhook_delivery.replay", "webhook_delivery", deliveryId, null, null), cancellationToken);
        await work.CommitAsync(cancellationToken);
        return TypedResults.NoContent();
    }
}
