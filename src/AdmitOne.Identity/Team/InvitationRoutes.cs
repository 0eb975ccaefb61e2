using System.ComponentModel.DataAnnotations;
using AdmitOne.Identity.Authenticators;
using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Platform.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Identity.Team;

/// <summary>Invitations to an organiser's team, by mail.</summary>
internal static class InvitationRoutes
{
    private const string Columns = "id, email, role, invited_by, created_at, expires_at";

    public static void Map(IEndpointRouteBuilder v1)
    {
        var invitations = v1.MapGroup("/invitations").WithTags("Team").RequireAuthorization(Policies.VenueManager);
        invitations.MapGet("/", ListAsync).WithName("ListInvitations").WithSummary("Open invitations of your organiser, newest first").WithRateTier(RateTier.Read);
        invitations.MapPost("/", InviteAsync).WithName("Invite").WithSummary("Invite somebody to your team by mail")
            .WithDescription("The response is the same whether or not the address has an account. A second invitation of an address replaces the first.")
            .WithRateTier(RateTier.Write).MayRefuseWith(TeamProblems.AboveOwnRole);
        invitations.MapDelete("/{id}", CancelAsync).WithName("CancelInvitation").WithSummary("Withdraw an invitation").WithRateTier(RateTier.Write).MayRefuseWith(PlatformProblems.NotFound);
        v1.MapPost("/invitations/accept", AcceptAsync).AllowAnonymous().WithTags("Team").WithName("AcceptInvitation").WithSummary("Accept an invitation by its mailed key")
            .WithDescription("With the password of the invited address's account; where it has none, the password and the name make one.")
            .WithRateTier(RateTier.Global).CountedAsSignIn().MayRefuseWith(TeamProblems.InvitationInvalid, SignIn.SignInProblems.LoginFailed, SignIn.SignInProblems.SignInSlowed,
                AuthenticatorProblems.CodeRequired, AuthenticatorProblems.CodeInvalid);
    }

    private static async Task<Ok<Page<InvitationResponse>>> ListAsync(Caller caller, HttpContext context, Database database, CancellationToken cancellationToken)
    {
        var rows = await database.Look(caller.TenantId).QueryAsync<InvitationRow>($"""
            select {Columns} from identity.invitations where tenant_id = @TenantId and accepted_at is null and cancelled_at is null and expires_at > clock_timestamp()
             order by created_at desc, id desc limit {Paging.MaxLimit}
            """, new { caller.TenantId }, cancellationToken);
        context.NeverCache();
        return TypedResults.Ok(new Page<InvitationResponse>([.. rows.Select(row => row.Response())], null));
    }

    private static async Task<Results<Created<InvitationResponse>, Refusal>> InviteAsync(
        NewInvitation body, Caller caller, Actor actor, Database database, Invitations invitations, CancellationToken cancellationToken)
    {
        if (!TeamRules.MayGive(caller.Role, body.Role)) return TeamProblems.AboveOwnRole.With("You may give the roles venue_staff and venue_manager.");
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        var made = await invitations.MakeAsync(work, new Invited(EmailAddress.Fold(body.Email), body.Role, caller.UserId), cancellationToken);
        await work.AuditAsync(actor, new AuditEntry("invitation.create", "invitation", made.Id, null, made), cancellationToken);
        await work.CommitAsync(cancellationToken);
        return TypedResults.Created((string?)null, made);
    }

    private static async Task<Results<NoContent, Refusal>> CancelAsync(Guid id, Caller caller, Actor actor, Database database, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        var cancelled = await work.ExecuteAsync("""
            update identity.invitations set cancelled_at = clock_timestamp() where tenant_id = @TenantId and id = @id and accepted_at is null and cancelled_at is null
            """, new { caller.TenantId, id }, cancellationToken);
        if (cancelled == 0) return PlatformProblems.NotFound.With("There is no such open invitation.");
        await work.AuditAsync(actor, new AuditEntry("invitation.cancel", "invitation", id, null, null), cancellationToken);
        await work.CommitAsync(cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<Results<Ok<AcceptedInvitation>, Refusal>> AcceptAsync(
        InvitationAcceptance body, Invitations invitations, HttpContext context, CancellationToken cancellationToken)
    {
        var (accepted, _, refusal) = await invitations.AcceptAsync(body.Key, body.Name, (body.Password, body.Code), context, cancellationToken);
        return accepted is null ? refusal! : TypedResults.Ok(accepted);
    }
}

internal sealed class InvitationRow
{
    public Guid Id { get; init; }
    public string Email { get; init; } = "";
    public string Role { get; init; } = "";
    public Guid? InvitedBy { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset ExpiresAt { get; init; }

    public InvitationResponse Response() => new(Id, Email, Role, InvitedBy, CreatedAt, ExpiresAt);
}

public sealed record NewInvitation
{
    [Email]
    public required string Email { get; init; }

    [AllowedValues(Roles.VenueStaff, Roles.VenueManager, Roles.Admin, Roles.Ops, ErrorMessage = "Must be venue_staff or venue_manager.")]
    public required string Role { get; init; }
}

public sealed record InvitationAcceptance
{
    /// <summary>The end of the mailed link.</summary>
    [StringLength(100, MinimumLength = 1)]
    public required string Key { get; init; }

    /// <summary>Needed where the invited address has no account.</summary>
    [PlainText(200)]
    public string? Name { get; init; }

    [StringLength(People.PasswordRules.MaxLength, MinimumLength = 1)]
    public required string Password { get; init; }

    /// <summary>6 digits of the account's authenticator app, or one of its recovery codes, where it has them.</summary>
    [StringLength(40)]
    public string? Code { get; init; }
}

public sealed record InvitationResponse(Guid Id, string Email, string Role, Guid? InvitedBy, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt);

public sealed record AcceptedInvitation(Guid TenantId, string Organiser, Guid PersonId, string Role);
