using System.ComponentModel.DataAnnotations;
using AdmitOne.Identity.Passkeys;
using AdmitOne.Identity.SignIn;
using AdmitOne.Identity.Team;
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

namespace AdmitOne.Identity.People;

/// <summary>What people do with their own account.</summary>
internal static class MeRoutes
{
    public static void Map(IEndpointRouteBuilder v1)
    {
        var me = v1.MapGroup("/me").WithTags("My account").RequireAuthorization(Policies.Customer);
        me.MapGet("/", ShowAsync).WithName("ShowMe").WithSummary("Your account and the organisers that you belong to").WithRateTier(RateTier.Read).MayRefuseWith(PlatformProblems.NotFound);
        me.MapGet("/sessions", SessionsAsync).WithName("ListSessions").WithSummary("Where you are signed in").WithRateTier(RateTier.Read);
        me.MapDelete("/sessions/{id}", EndSessionAsync).WithName("EndSession").WithSummary("Sign out one device").WithRateTier(RateTier.Write).MayRefuseWith(PlatformProblems.NotFound);
        me.MapPost("/sign-out-everywhere", SignOutAsync).WithName("SignOutEverywhere").WithSummary("End all your sessions and tokens, this one too").WithRateTier(RateTier.Write);
        me.MapGet("/passkeys", PasskeysAsync).WithName("ListPasskeys").WithSummary("Your passkeys, the oldest first").WithRateTier(RateTier.Read).MayRefuseWith(PlatformProblems.NotFound);
        me.MapDelete("/passkeys/{id}", RemovePasskeyAsync).WithName("RemovePasskey").WithSummary("Remove a passkey; it is added on the page /account")
            .WithRateTier(RateTier.Write).MayRefuseWith(PlatformProblems.NotFound);
        me.MapPost("/leave", LeaveAsync).WithName("LeaveOrganiser").WithSummary("Leave the team of the organiser that your token is for; you stay a customer").WithRateTier(RateTier.Write)
            .MayRefuseWith(PlatformProblems.NotFound, TeamProblems.LastManager);
        me.MapPost("/close", CloseAsync).WithName("CloseAccount").WithSummary("Close your account for good")
            .WithDescription("Orders and tickets stay with the organisers. Your address can be signed up again.").WithRateTier(RateTier.Write)
            .MayRefuseWith(PlatformProblems.NotFound, SignInProblems.LoginFailed, TeamProblems.LastManager);
    }

    private static async Task<Results<Ok<MeResponse>, Refusal>> ShowAsync(Caller caller, HttpContext context, Accounts accounts, Memberships memberships, CancellationToken cancellationToken)
    {
        if (await accounts.FindAsync(caller.UserId, cancellationToken) is not { } person) return NoAccount();
        context.NeverCache();
        var all = await memberships.ListAsync(person.Id, cancellationToken);
        return TypedResults.Ok(new MeResponse(person.Id, person.Email ?? "", person.EmailConfirmed, person.Name, [.. all.Select(m => new MembershipResponse(m.TenantId, m.Slug, m.Organiser, m.Role))]));
    }

    private static async Task<Ok<SessionList>> SessionsAsync(Caller caller, HttpContext context, Sessions sessions, CancellationToken cancellationToken)
    {
        context.NeverCache();
        return TypedResults.Ok(new SessionList(await sessions.ListAsync(caller.UserId, cancellationToken)));
    }

    private static async Task<Results<NoContent, Refusal>> EndSessionAsync(Guid id, Caller caller, Revocations revocations, CancellationToken cancellationToken) =>
        await revocations.EndSessionAsync(caller.UserId, id, cancellationToken) ? TypedResults.NoContent() : PlatformProblems.NotFound.With("You have no such session.");

    private static async Task<Results<Ok<PasskeyList>, Refusal>> PasskeysAsync(Caller caller, HttpContext context, Accounts accounts, PasskeyCeremonies passkeys, CancellationToken cancellationToken)
    {
        if (await accounts.FindAsync(caller.UserId, cancellationToken) is not { } person) return NoAccount();
        context.NeverCache();
        return TypedResults.Ok(new PasskeyList(await passkeys.ListAsync(person)));
    }

    private static async Task<Results<NoContent, Refusal>> RemovePasskeyAsync(string id, Caller caller, Accounts accounts, PasskeyCeremonies passkeys, CancellationToken cancellationToken)
    {
        if (await accounts.FindAsync(caller.UserId, cancellationToken) is not { } person) return NoAccount();
        return await passkeys.RemoveAsync(person, id, cancellationToken) ? TypedResults.NoContent() : PlatformProblems.NotFound.With("You have no such passkey.");
    }

    private static async Task<NoContent> SignOutAsync(Caller caller, Actor actor, Database database, Revocations revocations, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        await work.AuditAsync(actor, new AuditEntry("account.sign_out", "user", caller.UserId, null, null), cancellationToken);
        await work.CommitAsync(cancellationToken);
        await revocations.SignOutAsync(caller.UserId, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<Results<NoContent, Refusal>> LeaveAsync(Caller caller, Actor actor, Database database, Revocations revocations, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        var managers = await TeamRoutes.LockManagersAsync(work, cancellationToken);
        var role = await work.FindAsync<string>("select role from identity.memberships where tenant_id = @TenantId and person_id = @UserId for update", new { caller.TenantId, caller.UserId }, cancellationToken);
        if (role is null or Roles.Customer) return PlatformProblems.NotFound.With("You are not a member of this organiser's team.");
        if (managers.Count == 1 && managers[0] == caller.UserId) return LastManager();
        await TeamRoutes.SetRoleAsync(work, caller.UserId, Roles.Customer, cancellationToken);
        await work.AuditAsync(actor, new AuditEntry("member.leave", "member", caller.UserId, new { role }, null), cancellationToken);
        await work.CommitAsync(cancellationToken);
        await revocations.RevokeTokensAsync(caller.UserId, caller.TenantId, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<Results<NoContent, Refusal>> CloseAsync(
        AccountClosing body, Caller caller, Actor actor, Closing closing, Accounts accounts, SignInDelays delays, Database database, HttpContext context, CancellationToken cancellationToken)
    {
        if (await accounts.FindAsync(caller.UserId, cancellationToken) is not { } person) return NoAccount();
        var (signedIn, refusal) = await SignInRoutes.SignInAsync((person.Email ?? "", body.Password), accounts, delays, context, cancellationToken);
        if (signedIn?.Id != person.Id) return refusal ?? SignInProblems.LoginFailed.With("This is not the password of your account.");
        return await closing.CloseAsync(person.Id, actor, database, cancellationToken) ? TypedResults.NoContent() : LastManager();
    }

    private static Refusal NoAccount() => PlatformProblems.NotFound.With("Your token is not of an account that is kept here.");

    private static Refusal LastManager() => TeamProblems.LastManager.With("You are the organiser's only manager. Make somebody else one first.");
}

/// <summary>Ends an account: its tokens and sessions at once, then its rows.</summary>
internal sealed class Closing(IdentityContext context, Revocations revocations)
{
    /// <returns>False if the person is an organiser's only manager.</returns>
    public async Task<bool> CloseAsync(Guid personId, Actor actor, Database database, CancellationToken cancellationToken)
    {
        var tenants = await context.AskAsync<Guid>("select tenant_id from identity.memberships where person_id = @personId order by tenant_id", new { personId }, cancellationToken);
        foreach (var tenantId in tenants)
        {
            await using var work = await database.BeginAsync(tenantId, cancellationToken);
            var managers = await TeamRoutes.LockManagersAsync(work, cancellationToken);
            if (managers.Count == 1 && managers[0] == personId) return false;
            await TeamRoutes.SetRoleAsync(work, personId, Roles.Customer, cancellationToken);
            await work.AuditAsync(actor, new AuditEntry("account.close", "user", personId, null, null), cancellationToken);
            await work.CommitAsync(cancellationToken);
        }
        await revocations.SignOutAsync(personId, cancellationToken);
        await context.RunAsync("""
            delete from identity.oidc_tokens where subject = @subject;
            delete from identity.oidc_authorizations where subject = @subject;
            delete from identity.outgoing where recipient = (select email from identity.people where id = @personId and email_confirmed);
            delete from identity.people where id = @personId;
            """, new { personId, subject = personId.ToString() }, cancellationToken);
        return true;
    }
}

public sealed record AccountClosing
{
    [StringLength(PasswordRules.MaxLength, MinimumLength = 1)]
    public required string Password { get; init; }
}

public sealed record MeResponse(Guid Id, string Email, bool EmailVerified, string Name, IReadOnlyList<MembershipResponse> Memberships);

public sealed record MembershipResponse(Guid TenantId, string Slug, string Organiser, string Role);

public sealed record PasskeyList(IReadOnlyList<PasskeyResponse> Items);

public sealed record SessionList(IReadOnlyList<SessionResponse> Items);
