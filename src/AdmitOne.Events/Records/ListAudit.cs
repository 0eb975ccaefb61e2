using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Events.Records;

/// <summary>One entry of the audit log.</summary>
/// <param name="Service">What wrote it: <c>admitone-events</c>, <c>admitone-tickets</c> or a command.</param>
/// <param name="Action">Resource and verb, such as <c>event.move</c>; <c>route.refused</c> for what somebody tried and may not.</param>
/// <param name="Block">In which block of the chain it is sealed; null in the first seconds.</param>
public sealed record Audited(
    Guid Id, DateTimeOffset At, string Service, AuditedActor Actor, string Action, string ResourceType, Guid ResourceId, JsonElement? Before, JsonElement? After, long? Block);

/// <summary>Who, and from where.</summary>
/// <param name="Name">The role of a user, the name of a service, device or worker.</param>
public sealed record AuditedActor(ActorKind Kind, Guid? Id, string Name, string? ClientAddress, string? RequestId);

internal static class ListAudit
{
    private static readonly Audited s_example = new(new("0199a1b2-7c00-7000-8000-0000000000a1"), new DateTimeOffset(2026, 9, 3, 8, 0, 0, TimeSpan.Zero), "admitone-events",
        new AuditedActor(ActorKind.User, new("0199a1b2-7c00-7000-8000-00000000000c"), "venue_manager", "203.0.113.7", "4bf92f3577b34da6a3ce929d0e0e4736"),
        "event.move", "event", new("0199a1b2-7c00-7000-8000-000000000001"), JsonSerializer.SerializeToElement(new { status = "published" }),
        JsonSerializer.SerializeToElement(new { status = "on_sale" }), Block: 17);

    public static void Map(IEndpointRouteBuilder v1) =>
        v1.MapGet("/audit", HandleAsync)
            .WithName("ListAudit").WithSummary("Who did what, newest first")
            .WithDescription("Writes by managers, admins, operators, services and commands, and refused attempts at them, of both services. resource narrows it to one thing: its id.")
            .RequireAuthorization(Policies.Admin).WithRateTier(RateTier.Admin)
            .WithAnswerExample(RouteExamples.OnePage(s_example)).MayRefuseWith();

    private static async Task<Results<Ok<Page<Audited>>, Refusal>> HandleAsync(
        Caller caller, Database database, HttpContext context, CancellationToken cancellationToken,
        Guid? resource = null, string? cursor = null, [Range(1, Paging.MaxLimit)] int limit = Paging.DefaultLimit)
    {
        Position? after = null;
        if (cursor is not null && !Cursor.TryRead(cursor, out after)) return PlatformProblems.Invalid("/cursor", "It is not one of ours.");

        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        var rows = await work.QueryAsync<Row>($"""
            select a.id, a.occurred_at, a.service, a.actor_kind, a.actor_id, a.actor_name, a.client_address, a.request_id, a.action, a.resource_type, a.resource_id,
                   a.before::text as before, a.after::text as after, s.block
              from platform.audit_log a left join platform.audit_seals s on s.tenant_id = a.tenant_id and s.audit_id = a.id
             where a.tenant_id = @TenantId{Where.And(resource is not null, "a.resource_id = @resource")}{Where.And(after is not null, "(a.occurred_at, a.id) < (@at, @id)")}
             order by a.occurred_at desc, a.id desc limit @more
            """, new { caller.TenantId, resource, at = after?.At, id = after?.Id, more = limit + 1 }, cancellationToken);

        context.NeverCache();
        return TypedResults.Ok(Paging.Make(rows, limit, row => row.ToAudited(), row => new Position(row.OccurredAt, row.Id)));
    }

    private sealed record Position(DateTimeOffset At, Guid Id);

    private sealed class Row
    {
        public Guid Id { get; init; }
        public DateTimeOffset OccurredAt { get; init; }
        public string Service { get; init; } = "";
        public string ActorKind { get; init; } = "";
        public Guid? ActorId { get; init; }
        public string ActorName { get; init; } = "";
        public string? ClientAddress { get; init; }
        public string? RequestId { get; init; }
        public string Action { get; init; } = "";
        public string ResourceType { get; init; } = "";
        public Guid ResourceId { get; init; }
        public string? Before { get; init; }
        public string? After { get; init; }
        public long? Block { get; init; }

        public Audited ToAudited() => new(Id, OccurredAt, Service,
            new AuditedActor(Enum.Parse<ActorKind>(ActorKind, ignoreCase: true), ActorId, ActorName, ClientAddress, RequestId),
            Action, ResourceType, ResourceId, Parse(Before), Parse(After), Block);

        private static JsonElement? Parse(string? json)
        {
            if (json is null) return null;
            using var document = JsonDocument.Parse(json);
            return document.RootElement.Clone();
        }
    }
}
