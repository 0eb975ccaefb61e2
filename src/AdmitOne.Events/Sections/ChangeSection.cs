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

/// <summary>A merge patch (RFC 7396): what is left out stays. None of the three can be removed, so null is refused.</summary>
public sealed record SectionChange : IValidatableObject
{
    private readonly List<string> _removed = [];

    [PlainText(100)]
    public string? Name { get; init => field = Kept(value, nameof(Name))?.Trim(); }

    [PlainText(SectionCode.MaxLength)]
    public string? Code { get; init => field = Kept(value, nameof(Code))?.Trim(); }

    [Range(1, NewSection.MaxCapacity)]
    public int? Capacity { get; init => field = Kept(value, nameof(Capacity)); }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        _removed.Select(property => new ValidationResult("It cannot be removed, only changed.", [property]));

    // Only a property that the body has is set, so a null here is one that was sent.
    private T Kept<T>(T value, string property)
    {
        if (value is null) _removed.Add(property);
        return value;
    }
}

public static class ChangeSection
{
    public static void Map(IEndpointRouteBuilder sections) =>
        sections.MapPatch("/", HandleAsync)
            .WithName("ChangeSection").WithSummary("Change a section")
            .WithDescription("If-Match: the section's version in quotes. Lowering the capacity waits for sales under way and never goes below what is held and sold.")
            .Accepts<SectionChange>("application/merge-patch+json", "application/json")
            .RequireAuthorization(Policies.VenueManager).WithRateTier(RateTier.Write)
            .WithRequestExample(SectionExamples.Patch).WithAnswerExample(SectionExamples.Floor with { Capacity = 900 }).WithEntityTag()
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.IfMatchRequired, PlatformProblems.VersionMismatch, PlatformProblems.AlreadyExists,
                SectionProblems.OverVenueCapacity, SectionProblems.CapacityBelowSold, EventProblems.EditNotAllowed);

    private static async Task<Results<Ok<SectionBody>, Refusal>> HandleAsync(
        Guid id, SectionChange change, Caller caller, Actor actor, Database database, HttpContext context, CancellationToken cancellationToken)
    {
        var tenantId = caller.TenantId;
        await using var work = await database.BeginAsync(tenantId, cancellationToken);
        if (await SectionRows.FindAsync(work, tenantId, id, cancellationToken) is not { EventId: var eventId }) return SectionProblems.NotFound;
        // A capacity that looks like a raise may be a lowering by the time the locks are had, so any change of it enters the gate.
        if (change.Capacity is not null) await work.ExecuteAsync(EventGate.EnterToClose, new { gate = EventGate.Key(eventId) }, cancellationToken);
        if (await EventRows.LockPartsAsync(work, tenantId, eventId, cancellationToken) is not { } locked) return SectionProblems.NotFound;
        if (await SectionRows.FindAsync(work, tenantId, id, cancellationToken) is not { } section) return SectionProblems.NotFound;
        if (EntityTag.Refuse(context, section.Version) is { } precondition) return precondition;
        if (locked.IsOver) return SectionProblems.EventIsOver(locked.Status);
        if (change.Capacity is { } capacity
            && await SectionRows.RefuseOverVenueAsync(work, locked, tenantId, eventId, id, capacity, cancellationToken) is { } over) return over;

        SectionBody changed;
        try
        {
            changed = await UpdateAsync(work, tenantId, section, change, cancellationToken);
        }
        catch (PostgresException broken) when (SectionProblems.OfConstraint(broken) is { } refusal)
        {
            return refusal;
        }
        await work.TellAsync("section.changed", id, new { changed.EventId, changed.Capacity }, cancellationToken);
        await work.AuditAsync(actor, new AuditEntry("section.change", "section", id, section, changed), cancellationToken);
        await work.CommitAsync(cancellationToken);

        context.NeverCache();
        EntityTag.Set(context, changed.Version);
        return TypedResults.Ok(changed);
    }

    private static async Task<SectionBody> UpdateAsync(TenantWork work, Guid tenantId, SectionBody section, SectionChange change, CancellationToken cancellationToken)
    {
        var changed = await work.FindAsync<SectionBody>($"""
            update events.sections
               set name = coalesce(@Name, name), code = coalesce(@Code, code), capacity = coalesce(@Capacity, capacity),
                   version = version + 1, updated_at = clock_timestamp()
             where tenant_id = @tenantId and id = @Id
            returning {SectionRows.Columns}
            """, new { tenantId, section.Id, change.Name, change.Code, change.Capacity }, cancellationToken);
        if (change.Capacity is { } capacity) await SectionRows.SetStockAsync(work, tenantId, section.Id, capacity, cancellationToken);
        return changed!;
    }
}
