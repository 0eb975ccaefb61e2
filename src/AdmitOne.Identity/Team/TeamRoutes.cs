using System.ComponentModel.DataAnnotations;
using AdmitOne.Identity.Tokens;
using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Identity.Team;

/// <summary>An organiser's team: who belongs to it, with which role.</summary>
internal static class TeamRoutes
{
    private const string Columns = "m.person_id, p.name, p.email, m.role, m.invited_by, m.created_at";

    public static void Map(IEndpointRouteBuilder v1)
    {
        var members = v1.MapGroup("/members").WithTags("Team").RequireAuthorization(Policies.VenueManager);
        members.MapGet("/", ListAsync).WithName("ListMembers").WithSummary("The team of your organiser, oldest first: everybody who is more than a customer").WithRateTier(RateTier.Read);
        members.MapPatch("/{personId}", ChangeAsync).WithName("ChangeMember").WithSummary("Give a member another role").WithRateTier(RateTier.Write)
            .MayRefuseWith(PlatformProblems.NotFound, TeamProblems.AboveOwnRole, TeamProblems.LastManager);
        members.MapDelete("/{personId}", RemoveAsync).WithName("RemoveMember").WithSummary("Remove a member from the team; they stay a customer").WithRateTier(RateTier.Write)
            .MayRefuseWith(PlatformProblems.NotFound, TeamProblems.AboveOwnRole, TeamProblems.LastManager);
        members.MapPost("/{personId}/sign-out", SignOutAsync).WithName("SignOutMember").WithSummary("End every token of a member for your organiser").WithRateTier(RateTier.Write)
            .MayRefuseWith(PlatformProblems.NotFound, TeamProblems.AboveOwnRole);
    }

    private static async Task<Results<Ok<Page<MemberResponse>>, Refusal>> ListAsync(
        [Range(1, Paging.MaxLimit)] int? limit, string? cursor, Caller caller, HttpContext context, Database database, CancellationToken cancellationToken)
    {
        NewestFirst? after = null;
        if (cursor is not null && !Cursor.TryRead(cursor, out after)) return PlatformProblems.Invalid("/cursor", "Was not made by this list.");
        var size = limit ?? Paging.DefaultLimit;
        var rows = await database.Look(caller.TenantId).QueryAsync<MemberRow>($"""
            select {Columns} from identity.memberships m join identity.people p on p.id = m.person_id
             where m.tenant_id = @TenantId and m.role <> 'customer' and (@At::timestamptz is null or (m.created_at, m.person_id) > (@At, @Id)) order by m.created_at, m.person_id limit @size + 1
            """, new { caller.TenantId, after?.At, after?.Id, size }, cancellationToken);
        context.NeverCache();
        return TypedResults.Ok(Paging.Make(rows, size, row => row.Response(), row => new NewestFirst(row.CreatedAt, row.PersonId)));
    }

    private static async Task<Results<Ok<MemberResponse>, Refusal>> ChangeAsync(
        Guid personId, MemberChange change, Caller caller, Actor actor, Database database, Revocations revocations, CancellationToken cancellationToken)
    {
        if (change.Role == Roles.Customer) return PlatformProblems.Invalid("/role", "Remove the member instead.");
        if (!TeamRules.MayGive(caller.Role, change.Role)) return TeamProblems.AboveOwnRole.With("You may give the roles venue_staff and venue_manager.");
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        var (member, refusal) = await FindAsync(work, new Target(caller.Role, personId, change.Role), cancellationToken);
        if (member is null) return refusal!;
        if (member.Role == change.Role) return TypedResults.Ok(member.Response());
        var changed = await SetRoleAsync(work, personId, change.Role, cancellationToken);
        await work.AuditAsync(actor, new AuditEntry("member.change", "member", personId, member.Response(), changed), cancellationToken);
        await work.CommitAsync(cancellationToken);
        await revocations.RevokeTokensAsync(personId, caller.TenantId, cancellationToken);
        return TypedResults.Ok(changed);
    }

    private static async Task<Results<NoContent, Refusal>> RemoveAsync(
        Guid personId, Caller caller, Actor actor, Database database, Revocations revocations, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        var (member, refusal) = await FindAsync(work, new Target(caller.Role, personId, Roles.Customer), cancellationToken);
        if (member is null) return refusal!;
        var changed = await SetRoleAsync(work, personId, Roles.Customer, cancellationToken);
        await work.AuditAsync(actor, new AuditEntry("member.remove", "member", personId, member.Response(), changed), cancellationToken);
        await work.CommitAsync(cancellationToken);
        await revocations.RevokeTokensAsync(personId, caller.TenantId, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<Results<NoContent, Refusal>> SignOutAsync(
        Guid personId, Caller caller, Actor actor, Database database, Revocations revocations, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        var (member, refusal) = await FindAsync(work, new Target(caller.Role, personId, null), cancellationToken);
        if (member is null) return refusal!;
        await work.AuditAsync(actor, new AuditEntry("member.sign_out", "member", personId, null, null), cancellationToken);
        await work.CommitAsync(cancellationToken);
        await revocations.RevokeTokensAsync(personId, caller.TenantId, cancellationToken);
        return TypedResults.NoContent();
    }

    /// <summary>
    /// Takes a membership down to customer or to another role, and withdraws the invitations that the person has sent: they may no longer give what they gave.
    /// The caller has locked the team (<see cref="LockManagersAsync"/>).
    /// </summary>
    internal static async Task<MemberResponse> SetRoleAsync(TenantWork work, Guid personId, string role, CancellationToken cancellationToken)
    {
        await work.ExecuteAsync("update identity.memberships set role = @role, updated_at = clock_timestamp() where tenant_id = @TenantId and person_id = @personId",
            new { work.TenantId, personId, role }, cancellationToken);
        if (!TeamRules.IsManager(role))
            await work.ExecuteAsync("""
                update identity.invitations set cancelled_at = clock_timestamp() where tenant_id = @TenantId and invited_by = @personId and accepted_at is null and cancelled_at is null
                """, new { work.TenantId, personId }, cancellationToken);
        return (await work.FindAsync<MemberRow>($"select {Columns} from identity.memberships m join identity.people p on p.id = m.person_id where m.tenant_id = @TenantId and m.person_id = @personId",
            new { work.TenantId, personId }, cancellationToken))!.Response();
    }

    /// <summary>Locks the managers of an organiser in one order: of two who leave at once, one is the last.</summary>
    /// <returns>Who they are.</returns>
    internal static async Task<IReadOnlyList<Guid>> LockManagersAsync(TenantWork work, CancellationToken cancellationToken) => await work.QueryAsync<Guid>("""
        select person_id from identity.memberships where tenant_id = @TenantId and role in ('venue_manager', 'admin') order by person_id for update
        """, new { work.TenantId }, cancellationToken);

    private static async Task<(MemberRow? Member, Refusal? Refusal)> FindAsync(TenantWork work, Target target, CancellationToken cancellationToken)
    {
        var managers = await LockManagersAsync(work, cancellationToken);
        var member = await work.FindAsync<MemberRow>($"""
            select {Columns} from identity.memberships m join identity.people p on p.id = m.person_id
             where m.tenant_id = @TenantId and m.person_id = @PersonId and m.role <> 'customer' for update of m
            """, new { work.TenantId, target.PersonId }, cancellationToken);
        if (member is null) return (null, PlatformProblems.NotFound.With("Your team has no such member."));
        if (!TeamRules.MayChange(target.OwnRole, member.Role)) return (null, TeamProblems.AboveOwnRole.With("This member has a higher role than yours."));
        var goes = target.NewRole is not null && TeamRules.IsManager(member.Role) && !TeamRules.IsManager(target.NewRole);
        return goes && managers.Count == 1 ? (null, TeamProblems.LastManager.With("This is the organiser's only manager. Make somebody else one first.")) : (member, null);
    }

    private sealed record Target(string OwnRole, Guid PersonId, string? NewRole);

    private sealed class MemberRow
    {
        public Guid PersonId { get; init; }
        public string Name { get; init; } = "";
        public string? Email { get; init; }
        public string Role { get; init; } = "";
        public Guid? InvitedBy { get; init; }
        public DateTimeOffset CreatedAt { get; init; }

        public MemberResponse Response() => new(PersonId, Name, Email, Role, InvitedBy, CreatedAt);
    }
}

public sealed record MemberChange
{
    [AllowedValues(Roles.Customer, Roles.VenueStaff, Roles.VenueManager, Roles.Admin, Roles.Ops, ErrorMessage = "Must be venue_staff or venue_manager.")]
    public required string Role { get; init; }
}

/// <param name="InvitedBy">Who gave the role; null for a sign-up and for what an operator set up.</param>
public sealed record MemberResponse(Guid PersonId, string Name, string? Email, string Role, Guid? InvitedBy, DateTimeOffset CreatedAt);
