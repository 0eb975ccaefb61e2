using AdmitOne.Identity.Mail;
using AdmitOne.Identity.Passkeys;
using AdmitOne.Identity.SignIn;
using AdmitOne.Identity.Tokens;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Text;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace AdmitOne.Identity.People;

/// <param name="Password">Empty: none.</param>
internal sealed record NewAccount(string Email, string Password, string Name)
{
    /// <summary>A passkey that was created for the account's id.</summary>
    public CreatedPasskey? Passkey { get; init; }
}

/// <summary>What the reader of a mailed link sets, or proves to have.</summary>
/// <param name="Password">Replaces the old one.</param>
/// <param name="Created">A new passkey. In an account that was not confirmed it takes the place of everything that was set before.</param>
/// <param name="HasUsedPasskey">A passkey of the account was used for this link.</param>
internal sealed record LinkCredential(string? Password = null, CreatedPasskey? Created = null, bool HasUsedPasskey = false)
{
    public static readonly LinkCredential None = new();
}

/// <summary>How the use of a mailed code ended.</summary>
/// <param name="Person">The account that the code confirmed; null if no open code is this one.</param>
/// <param name="IsTaken">The address has confirmed another account before.</param>
/// <param name="Fault">The rule that the new password breaks.</param>
internal sealed record CodeResult(Person? Person, bool IsTaken = false, string? Fault = null);

/// <summary>
/// Accounts and their addresses. Signing up always makes an account that has not confirmed its address, whether or not the address is known: the response tells
/// nobody who has an account, and an account made with another person's address stands in nobody's way.
/// </summary>
internal sealed class Accounts(
    IdentityContext context, UserManager<Person> users, MailCodes codes, SignInDelays delays, Outgoing mail, Revocations revocations, TimeProvider clock)
{
    // So many accounts of an address that were neither confirmed nor used are kept, the newest.
    private const int MaxUnused = 20;

    // What is compared where there is no account, so that the response takes as long as for a known one.
    private static readonly Lazy<string> s_noHash = new(() => new PasswordHasher<Person>().HashPassword(new Person(), Guid.CreateVersion7().ToString()));

    /// <summary>Makes an account that waits for its code, as a customer of the organiser.</summary>
    public async Task<Person> SignUpAsync(NewAccount account, Guid tenantId, CancellationToken cancellationToken)
    {
        var person = Prepare(account, isConfirmed: false);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        await CreateAsync(person, account);
        await JoinAsync(person.Id, tenantId, Roles.Customer, null, cancellationToken);
        await mail.WriteAsync(MailTexts.Verify(person.Email!, await codes.IssueAsync(person.Id, person.Email!, Purposes.Verify, cancellationToken)), cancellationToken);
        await context.RunAsync("""
            delete from identity.people where id in (
                select id from identity.people where email = @Email and not email_confirmed and signed_in_at is null and id <> @Id
                 order by created_at desc, id desc offset @MaxUnused - 1)
            """, new { person.Email, person.Id, MaxUnused }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return person;
    }

    /// <summary>Makes an account whose address its maker vouches for, unless the address has one, and gives it the role unless it has another there.</summary>
    /// <param name="account">Without a password it waits for a mailed link. An account that is there keeps its password.</param>
    /// <returns>The account, also if it was there before.</returns>
    public async Task<Person> AddConfirmedAsync(NewAccount account, Guid tenantId, string role, CancellationToken cancellationToken)
    {
        var email = EmailAddress.Fold(account.Email);
        var prepared = Prepare(account, isConfirmed: true);
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
                var person = await FindConfirmedAsync(email, cancellationToken) ?? await CreateAsync(prepared, account);
                await JoinAsync(person.Id, tenantId, role, null, cancellationToken);
                await transaction.CommitAsync(cancellationToken);
                return person;
            }
            catch (DbUpdateException taken) when (attempt == 0 && taken.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
            {
                context.ChangeTracker.Clear();   // made by another request at the same time
            }
        }
    }

    /// <summary>
    /// Puts an account together before the transaction that makes it: hashing takes so long on a busy machine that the server would end a transaction that waited for it.
    /// </summary>
    /// <param name="account">Its password keeps the rules, or is empty.</param>
    /// <param name="isConfirmed">Whether its maker vouches for the address.</param>
    public Person Prepare(NewAccount account, bool isConfirmed)
    {
        var person = Person.New(EmailAddress.Fold(account.Email), account.Name, clock, account.Passkey?.PersonId);
        person.EmailConfirmed = isConfirmed;
        if (account.Password.Length == 0) return person;
        if (PasswordRules.Fault(account.Password, account.Email) is { } fault) throw new InvalidOperationException(fault);
        person.PasswordHash = users.PasswordHasher.HashPassword(person, account.Password);
        return person;
    }

    /// <summary>Makes an account that was prepared, within the caller's transaction.</summary>
    /// <exception cref="DbUpdateException">Its confirmed address has one.</exception>
    public async Task<Person> CreateAsync(Person prepared, NewAccount account)
    {
        Check(await users.CreateAsync(prepared));
        if (account.Passkey is not null) Check(await users.AddOrUpdatePasskeyAsync(prepared, account.Passkey.Info));
        return prepared;
    }

    /// <summary>Adds a membership; one that is there keeps its role.</summary>
    public Task JoinAsync(Guid personId, Guid tenantId, string role, Guid? invitedBy, CancellationToken cancellationToken) => context.RunAsync("""
        insert into identity.memberships (tenant_id, person_id, role, invited_by) values (@tenantId, @personId, @role, @invitedBy) on conflict do nothing
        """, new { personId, tenantId, role, invitedBy }, cancellationToken);

    public Task<Person?> FindConfirmedAsync(string email, CancellationToken cancellationToken) =>
        context.Users.SingleOrDefaultAsync(person => person.Email == email && person.EmailConfirmed, cancellationToken);

    public Task<Person?> FindAsync(Guid id, CancellationToken cancellationToken) => context.Users.SingleOrDefaultAsync(person => person.Id == id, cancellationToken);

    /// <returns>
    /// Null for an unknown address and for a wrong password alike, after the same work: two comparisons, whether the address has an account, has confirmed it, or has
    /// none. Of accounts that have not confirmed it the oldest is asked; the others are of use once their code was posted.
    /// </returns>
    public async Task<Person?> CheckPasswordAsync(string email, string password, CancellationToken cancellationToken)
    {
        var address = EmailAddress.Fold(email);
        var confirmed = await FindConfirmedAsync(address, cancellationToken);
        var other = await context.Users.Where(person => person.Email == address && !person.EmailConfirmed && person.PasswordHash != null)
            .OrderBy(person => person.CreatedAt).ThenBy(person => person.Id).FirstOrDefaultAsync(cancellationToken);
        if (await IsPasswordAsync(confirmed, password)) return confirmed;
        if (!await IsPasswordAsync(other, password)) return null;
        await context.RunAsync("update identity.people set signed_in_at = @now where id = @Id", new { other!.Id, now = clock.GetUtcNow() }, cancellationToken);
        return other;
    }

    /// <summary>Mails a code to an account that has not confirmed its address and has no open one.</summary>
    public async Task RenewCodeAsync(Person person, CancellationToken cancellationToken)
    {
        if (await codes.HasOpenAsync(person.Id, Purposes.Verify, cancellationToken)) return;
        await mail.WriteAsync(MailTexts.Verify(person.Email!, await codes.IssueAsync(person.Id, person.Email!, Purposes.Verify, cancellationToken)), cancellationToken);
    }

    /// <summary>Mails a link and a code; to an address without an account, that it has none. The response is the same.</summary>
    public async Task MailLinkAsync(string email, string purpose, Uri signUp, CancellationToken cancellationToken)
    {
        var address = EmailAddress.Fold(email);
        var person = await FindConfirmedAsync(address, cancellationToken) ?? await context.Users.Where(p => p.Email == address).OrderBy(p => p.CreatedAt).FirstOrDefaultAsync(cancellationToken);
        if (person is null)
        {
            if (EmailAddress.TryParse(email, out _)) await mail.WriteAsync(MailTexts.NoAccount(address, signUp), cancellationToken);
            return;
        }
        var code = await codes.IssueAsync(person.Id, address, purpose, cancellationToken);
        await mail.WriteAsync(purpose == Purposes.Reset ? MailTexts.Reset(address, code) : MailTexts.SignIn(address, code), cancellationToken);
    }

    /// <summary>Confirms the address of the account whose code this is. The password stays the one that the account was made with.</summary>
    /// <param name="personId">The account that asks, where it is known.</param>
    public Task<CodeResult> ConfirmByCodeAsync(string email, string code, Guid? personId, CancellationToken cancellationToken) =>
        UseCodeAsync(email, Purposes.Verify, code, personId, LinkCredential.None, cancellationToken);

    /// <summary>Sets a new password by a code of 6 digits that was mailed for that.</summary>
    public Task<CodeResult> ResetByCodeAsync(string email, string code, string password, CancellationToken cancellationToken) =>
        UseCodeAsync(email, Purposes.Reset, code, personId: null, new LinkCredential(password), cancellationToken);

    /// <summary>
    /// Uses a mailed link. The reader of the mail owns the address, and need not be who made the account: a password that is given here replaces the old one, and
    /// with it whoever knew that is signed out. Passkeys of an account that was not confirmed end likewise, unless one of them was used for this link.
    /// </summary>
    public Task<CodeResult> UseLinkAsync(string key, LinkCredential credential, CancellationToken cancellationToken) =>
        UseAsync(() => codes.FindByKeyAsync(key, cancellationToken), credential, cancellationToken);

    /// <summary>Signs in by a code of 6 digits that was mailed for that. Only for accounts that confirmed their address: others have a password that a stranger may have chosen.</summary>
    public Task<CodeResult> SignInByCodeAsync(string email, string code, CancellationToken cancellationToken) =>
        UseCodeAsync(email, Purposes.SignIn, code, personId: null, LinkCredential.None, cancellationToken);

    public async Task<string?> ChangePasswordAsync(Person person, string password, CancellationToken cancellationToken)
    {
        if (PasswordRules.Fault(password, person.Email ?? "") is { } fault) return fault;
        person.PasswordHash = users.PasswordHasher.HashPassword(person, password);
        Check(await users.UpdateSecurityStampAsync(person));
        await revocations.SignOutAsync(person.Id, cancellationToken);
        return null;
    }

    // The try is counted whatever becomes of the transaction.
    private async Task<CodeResult> UseCodeAsync(string email, string purpose, string code, Guid? personId, LinkCredential credential, CancellationToken cancellationToken)
    {
        var address = EmailAddress.Fold(email);
        if (!await delays.MayTryCodeAsync(address, cancellationToken)) return new CodeResult(null);
        return await UseAsync(() => codes.FindByCodeAsync(address, purpose, code, personId, cancellationToken), credential, cancellationToken);
    }

    private async Task<CodeResult> UseAsync(Func<Task<MailCode?>> find, LinkCredential credential, CancellationToken cancellationToken)
    {
        var newPassword = credential.Password;
        var newHash = newPassword is null ? null : users.PasswordHasher.HashPassword(new Person(), newPassword);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        if (await find() is not { } code || await FindAsync(code.PersonId, cancellationToken) is not { } person) return new CodeResult(null);
        if (credential.Created is not null && credential.Created.PersonId != person.Id) return new CodeResult(null);
        if (newPassword is not null && PasswordRules.Fault(newPassword, person.Email ?? "") is { } fault) return new CodeResult(null, Fault: fault);
        // An account with an unconfirmed address may have been made by another person: it is not entered by the mail alone.
        if (!person.EmailConfirmed && code.Purpose == Purposes.SignIn && credential == LinkCredential.None) return new CodeResult(null, Fault: "Choose a password: this address was not confirmed yet.");
        if (!await codes.UseAsync(code, cancellationToken)) return new CodeResult(null);
        // What was set before the address was confirmed may be another person's.
        var replaces = !person.EmailConfirmed && (newPassword is not null || credential.Created is not null);
        var changesPassword = newPassword is not null && (person.EmailConfirmed || !await users.CheckPasswordAsync(person, newPassword));
        if (!person.EmailConfirmed && await FindConfirmedAsync(person.Email!, cancellationToken) is { } owner)
        {
            // The reader of the mail may know that there is another account; what was signed up for becomes its membership.
            await context.RunAsync("""
                insert into identity.memberships (tenant_id, person_id, role)
                select tenant_id, @owner, role from identity.memberships where person_id = @Id and role = 'customer' on conflict do nothing
                """, new { owner = owner.Id, person.Id }, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            await delays.ForgetCodesAsync(code.Email, cancellationToken);
            return new CodeResult(null, IsTaken: true);
        }
        person.EmailConfirmed = true;
        var removed = replaces ? await context.RunAsync("delete from identity.person_passkeys where person_id = @Id", new { person.Id }, cancellationToken) : 0;
        if (replaces && credential.Created is not null) person.PasswordHash = null;
        if (changesPassword) person.PasswordHash = newHash;
        try
        {
            Check(await users.UpdateSecurityStampAsync(person));
        }
        catch (DbUpdateException taken) when (taken.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            return new CodeResult(null, IsTaken: true);   // another account of the address was confirmed in this moment
        }
        if (credential.Created is not null) Check(await users.AddOrUpdatePasskeyAsync(person, credential.Created.Info));
        await transaction.CommitAsync(cancellationToken);
        await delays.ForgetCodesAsync(code.Email, cancellationToken);
        if (changesPassword || removed > 0 || (replaces && credential.Created is not null)) await revocations.SignOutAsync(person.Id, cancellationToken);
        return new CodeResult(person);
    }

    private async Task<bool> IsPasswordAsync(Person? person, string password)
    {
        if (person?.PasswordHash is not null) return await users.CheckPasswordAsync(person, password);
        users.PasswordHasher.VerifyHashedPassword(new Person(), s_noHash.Value, password);
        return false;
    }

    // What people type was checked before; anything else is a fault of ours.
    internal static void Check(IdentityResult result)
    {
        if (!result.Succeeded) throw new InvalidOperationException(string.Join(' ', result.Errors.Select(error => $"{error.Code}: {error.Description}")));
    }
}
