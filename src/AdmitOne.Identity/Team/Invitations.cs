using AdmitOne.Identity.Authenticators;
using AdmitOne.Identity.Mail;
using AdmitOne.Identity.Passkeys;
using AdmitOne.Identity.People;
using AdmitOne.Identity.SignIn;
using AdmitOne.Identity.Tokens;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace AdmitOne.Identity.Team;

/// <param name="By">Who invites; null for an operator.</param>
internal sealed record Invited(string Email, string Role, Guid? By);

internal sealed class OpenInvitation
{
    public Guid TenantId { get; init; }
    public Guid Id { get; init; }
    public string Email { get; init; } = "";
    public string Role { get; init; } = "";
    public Guid? InvitedBy { get; init; }
    public string Organiser { get; init; } = "";
}

/// <summary>Makes and accepts invitations. The mailed key proves the address; an account that the address has must be entered by its password all the same.</summary>
internal sealed class Invitations(IdentityContext context, Accounts accounts, SignInDelays delays, AuthenticatorApps authenticators, Revocations revocations, PublicAddress address, TimeProvider clock)
{
    private static readonly TimeSpan s_lifetime = TimeSpan.FromDays(7);

    /// <summary>Writes the invitation and its mail into the transaction. An open one of the same address is replaced.</summary>
    public async Task<InvitationResponse> MakeAsync(TenantWork work, Invited invited, CancellationToken cancellationToken)
    {
        var (id, key, now) = (Guid.CreateVersion7(), MailCodes.NewKey(), clock.GetUtcNow());
        var organiser = await work.FindAsync<string>("select name from platform.tenants where id = @TenantId", new { work.TenantId }, cancellationToken) ?? "";
        await work.ExecuteAsync("""
            update identity.invitations set cancelled_at = @now where tenant_id = @TenantId and email = @Email and accepted_at is null and cancelled_at is null;
            insert into identity.invitations (tenant_id, id, email, role, key_hash, invited_by, created_at, expires_at)
            values (@TenantId, @id, @Email, @Role, @hash, @By, @now, @until);
            """, new { work.TenantId, id, invited.Email, invited.Role, hash = MailCodes.HashOf(key), invited.By, now, until = now + s_lifetime }, cancellationToken);
        var mail = MailTexts.Invite(invited.Email, new Invitation(work.TenantId, organiser, invited.Role, address.Invitation(key)));
        await work.ExecuteAsync("""
            insert into identity.outgoing (id, tenant_id, recipient, kind, subject, text_body, html_body, created_at) values (@mailId, @TenantId, @To, @Kind, @Subject, @Text, @Html, @now)
            """, new { mailId = Guid.CreateVersion7(), work.TenantId, mail.To, mail.Kind, mail.Subject, mail.Text, mail.Html, now }, cancellationToken);
        return new InvitationResponse(id, invited.Email, invited.Role, invited.By, now, now + s_lifetime);
    }

    public async Task<OpenInvitation?> FindAsync(string key, CancellationToken cancellationToken) => (await context.AskAsync<OpenInvitation>("""
        select i.tenant_id, i.id, i.email, i.role, i.invited_by, o.name as organiser
          from identity.invitations i cross join lateral platform.organizers(array[i.tenant_id], null) o
         where i.key_hash = @hash and i.accepted_at is null and i.cancelled_at is null and i.expires_at > @now
        """, new { hash = MailCodes.HashOf(key), now = clock.GetUtcNow() }, cancellationToken)).SingleOrDefault();

    /// <summary>By the password of the account that the address has, or one that is made now.</summary>
    public async Task<(AcceptedInvitation? Accepted, Person? Person, Refusal? Refusal)> AcceptAsync(
        string key, string? name, (string Password, string? Code) credentials, HttpContext http, CancellationToken cancellationToken)
    {
        if (await FindAsync(key, cancellationToken) is not { } invitation) return (null, null, NotOpen());
        var password = credentials.Password;
        var person = await accounts.FindConfirmedAsync(invitation.Email, cancellationToken);
        if (person is not null)
        {
            var (signedIn, refusal) = await SignInRoutes.SignInAsync((invitation.Email, password), accounts, delays, http, cancellationToken);
            if (signedIn?.Id != person.Id) return (null, null, refusal ?? SignInProblems.LoginFailed.With("No account has this e-mail address and this password."));
            if (await authenticators.CheckAsync(person, credentials.Code, cancellationToken) is { } wrong) return (null, null, wrong);
        }
        else
        {
            if (string.IsNullOrWhiteSpace(name)) return (null, null, PlatformProblems.Invalid("/name", "Say your name: this address has no account yet."));
            if (PasswordRules.Fault(password, invitation.Email) is { } fault) return (null, null, PlatformProblems.Invalid("/password", fault));
        }
        return await AcceptAsync(key, invitation, person, new NewAccount(invitation.Email, password, name ?? ""), cancellationToken);
    }

    /// <summary>With an account that is made now and has a passkey instead of a password.</summary>
    public async Task<(AcceptedInvitation? Accepted, Person? Person, Refusal? Refusal)> AcceptAsync(
        string key, string name, CreatedPasskey passkey, CancellationToken cancellationToken)
    {
        if (await FindAsync(key, cancellationToken) is not { } invitation) return (null, null, NotOpen());
        if (string.IsNullOrWhiteSpace(name) || name.Length > 200) return (null, null, PlatformProblems.Invalid("/name", "Say your name: this address has no account yet."));
        return await AcceptAsync(key, invitation, null, new NewAccount(invitation.Email, "", name) { Passkey = passkey }, cancellationToken);
    }

    /// <summary>By somebody who is signed in with the invited address.</summary>
    public async Task<(AcceptedInvitation? Accepted, Refusal? Refusal)> AcceptAsync(string key, Person person, CancellationToken cancellationToken)
    {
        if (await FindAsync(key, cancellationToken) is not { } invitation) return (null, NotOpen());
        if (!person.EmailConfirmed || person.Email != invitation.Email) return (null, TeamProblems.WrongAccount.With("Sign in with the address that was invited."));
        var (accepted, _, refusal) = await AcceptAsync(key, invitation, person, null, cancellationToken);
        return (accepted, refusal);
    }

    private async Task<(AcceptedInvitation?, Person?, Refusal?)> AcceptAsync(
        string key, OpenInvitation invitation, Person? person, NewAccount? account, CancellationToken cancellationToken)
    {
        var prepared = person is null ? accounts.Prepare(account!, isConfirmed: true) : null;
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        var taken = await context.RunAsync("""
            update identity.invitations set accepted_at = @now where key_hash = @hash and accepted_at is null and cancelled_at is null and expires_at > @now
            """, new { hash = MailCodes.HashOf(key), now = clock.GetUtcNow() }, cancellationToken);
        if (taken == 0) return (null, null, NotOpen());
        try
        {
            person ??= await accounts.CreateAsync(prepared!, account!);
        }
        catch (DbUpdateException made) when (made.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            return (null, null, NotOpen());   // the address got an account in this moment: nothing was accepted, and the link works again
        }
        // An invitation never lowers a role that the person has.
        await context.RunAsync("""
            insert into identity.memberships as m (tenant_id, person_id, role, invited_by) values (@TenantId, @personId, @Role, @InvitedBy)
            on conflict (tenant_id, person_id) do update set role = excluded.role, invited_by = excluded.invited_by, updated_at = clock_timestamp()
             where case m.role when 'customer' then 0 when 'venue_staff' then 1 when 'venue_manager' then 2 else 3 end
                 < case excluded.role when 'customer' then 0 when 'venue_staff' then 1 when 'venue_manager' then 2 else 3 end;
            update identity.invitations set accepted_by = @personId where tenant_id = @TenantId and id = @Id;
            """, new { invitation.TenantId, invitation.Id, invitation.Role, invitation.InvitedBy, personId = person.Id }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        await revocations.RevokeTokensAsync(person.Id, invitation.TenantId, cancellationToken);   // the next one says the new role
        return (new AcceptedInvitation(invitation.TenantId, invitation.Organiser, person.Id, invitation.Role), person, null);
    }

    private static Refusal NotOpen() => TeamProblems.InvitationInvalid.With("It was accepted, cancelled or has expired: ask for another one.");
}
