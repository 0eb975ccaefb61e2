using System.ComponentModel.DataAnnotations;
using AdmitOne.Events.Events;
using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Outbox;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Npgsql;

namespace AdmitOne.Events.Sections;

public sealed record NewSection
{
    public const int MaxCapacity = 1_000_000;

    [PlainText(100)]
    public required string Name { get; init => field = value.Trim(); }

    /// <summary>Unique in the event; made from the name if it is left out.</summary>
    [PlainText(SectionCode.MaxLength)]
    public string? Code { get; init => field = value?.Trim(); }

    [Range(1, MaxCapacity)]
    public required int Capacity { get; init; }
}

public static class AddSection
{
    public static void Map(IEndpointRouteBuilder ofEvent) =>
        ofEvent.MapPost("/", HandleAsync)
            .WithName("AddSection").WithSummary("Add a section to an event")
            .RequireAuthorization(Policies.VenueManager).WithRateTier(RateTier.Write)
            .WithRequestExample(SectionExamples.New).WithAnswerExample(SectionExamples.Floor with { Version = 1 }).WithEntityTag()
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.AlreadyExists, SectionProblems.OverVenueCapacity, EventProblems.EditNotAllowed);

    private static async Task<Results<Created<SectionBody>, Refusal>> HandleAsync(
        Guid eventId, NewSection asked, Caller caller, Actor actor, Database database, HttpContext context, CancellationToken cancellationToken)
    {
        var tenantId = caller.TenantId;
        await using var work = await database.BeginAsync(tenantId, cancellationToken);
        if (await EventRows.LockPartsAsync(work, tenantId, eventId, cancellationToken) is not { } locked) return EventProblems.NotFound;
        if (locked.IsOver) return SectionProblems.EventIsOver(locked.Status);
        if (await SectionRows.RefuseOverVenueAsync(work, locked, tenantId, eventId, except: null, asked.Capacity, cancellationToken) is { } over) return over;

        var id = Guid.CreateVersion7();
        SectionBody added;
        try
        {
            added = (await work.FindAsync<SectionBody>($"""
                insert into events.sections (tenant_id, id, event_id, name, code, capacity)
                values (@tenantId, @id, @eventId, @Name, @code, @Capacity)
                returning {SectionRows.Columns}
                """, new { tenantId, id, eventId, asked.Name, code = asked.Code ?? SectionCode.Of(asked.Name), asked.Capacity }, cancellationToken))!;
            await SectionRows.SetStockAsync(work, tenantId, id, asked.Capacity, cancellationToken);
        }
        catch (PostgresException broken) when (SectionProblems.OfConstraint(broken) is { } refusal)
        {
            return refusal;
        }
        await work.TellAsync("section.created", id, new { added.EventId, added.Capacity }, cancellationToken);
        await work.AuditAsync(actor, new AuditEntry("section.create", "section", id, Before: null, added), cancellationToken);
        await work.CommitAsync(cancellationToken);

        context.NeverCache();
        EntityTag.Set(context, added.Version);
        return TypedResults.Created($"/api/v1/sections/{id}", added);
    }
}
