using System.Security.Cryptography;
using System.Text;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Text;
using Dapper;
using Microsoft.AspNetCore.Identity;
using Npgsql;

namespace AdmitOne.Neighbours;

/// <summary>One who can log in.</summary>
/// <param name="Email">Case-folded. Over all organisers, one account at most has proved it: a login names no organiser.</param>
/// <param name="EmailIsVerified">A code that was sent to the address was posted.</param>
internal sealed record Account(Guid Id, Guid TenantId, string Email, string Name, string Role, bool EmailIsVerified);

/// <summary>
/// An address has one account that proved it, and any number that have not. Signing up always makes one of the latter, whether or not the address is
/// known: nobody learns from the answer who has an account, and nobody who signs up with another person's address stands in that person's way.
/// </summary>
internal sealed class Accounts(NpgsqlDataSource source)
{
    public const string Tables = """
        create table if not exists neighbours.organisers (
            id   uuid not null constraint organisers_pkey primary key,
            slug text not null constraint organisers_slug_key unique,
            name text not null
        );
        create table if not exists neighbours.accounts (
            id            uuid        not null constraint accounts_pkey primary key,
            tenant_id     uuid        not null,
            email         text        not null,
            name          text        not null,
            role          text        not null,
            password_hash text        not null,
            created_at    timestamptz not null default clock_timestamp()
        );
        alter table neighbours.accounts drop constraint if exists accounts_email_key;
        alter table neighbours.accounts add column if not exists verified_at timestamptz;
        alter table neighbours.accounts add column if not exists code_hash bytea;
        alter table neighbours.accounts add column if not exists code_until timestamptz;
        alter table neighbours.accounts add column if not exists signed_in_at timestamptz;
        create index if not exists ix_accounts_email on neighbours.accounts (email, created_at);
        create unique index if not exists ix_accounts_verified_email on neighbours.accounts (email) where verified_at is not null;
        """;

    /// <summary>How long a code that was sent to an address can be posted.</summary>
    public static readonly TimeSpan CodeLives = TimeSpan.FromHours(24);

    // So many accounts of an address that were neither proved nor used are kept, the newest.
    private const int MaxUnused = 20;

    private const string Columns = "id, tenant_id, email, name, role, password_hash, verified_at is not null as is_verified, coalesce(code_until > clock_timestamp(), false) as has_code";

    private static readonly PasswordHasher<Account> s_hasher = new();
    private static readonly Account s_nobody = new(Guid.Empty, Guid.Empty, "", "", Roles.Customer, EmailIsVerified: false);
    // What is compared where there is no account, so that the answer takes as long as for a known one.
    private static readonly Lazy<string> s_nobodysHash = new(() => s_hasher.HashPassword(s_nobody, Guid.CreateVersion7().ToString()));

    public static string Fold(string email) => EmailAddress.Fold(email);

    /// <param name="tenant">The organiser's id or slug.</param>
    public async Task<Guid?> FindOrganiserAsync(string tenant, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<Guid?>(new CommandDefinition(
            "select id from neighbours.organisers where slug = @slug or id = @id",
            new { slug = tenant, id = Guid.TryParse(tenant, out var id) ? id : Guid.Empty }, cancellationToken: cancellationToken));
    }

    /// <summary>Makes an account that waits for its code.</summary>
    public async Task SignUpAsync(Account account, string password, string code, CancellationToken cancellationToken)
    {
        var hash = s_hasher.HashPassword(account, password);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition("""
            insert into neighbours.accounts (id, tenant_id, email, name, role, password_hash, code_hash, code_until)
            values (@Id, @TenantId, @Email, @Name, @Role, @hash, @codeHash, clock_timestamp() + @CodeLives);
            delete from neighbours.accounts where id in (
                select id from neighbours.accounts where email = @Email and verified_at is null and signed_in_at is null and code_hash is not null
                 order by created_at desc, id desc offset @MaxUnused);
            """, new { account.Id, account.TenantId, account.Email, account.Name, account.Role, hash, codeHash = HashOf(code), CodeLives, MaxUnused },
            cancellationToken: cancellationToken));
    }

    /// <summary>Makes an account whose address its maker vouches for, unless the address has one.</summary>
    /// <returns>The account's id, also if it was there before.</returns>
    public async Task<Guid> AddVerifiedAsync(Account account, string password, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleAsync<Guid>(new CommandDefinition("""
            update neighbours.accounts a set verified_at = clock_timestamp()   -- made before addresses were proved
             where email = @Email and verified_at is null and code_hash is null
               and not exists (select from neighbours.accounts v where v.email = @Email and v.verified_at is not null);
            with made as (
                insert into neighbours.accounts (id, tenant_id, email, name, role, password_hash, verified_at)
                values (@Id, @TenantId, @Email, @Name, @Role, @hash, clock_timestamp())
                on conflict (email) where verified_at is not null do nothing returning id)
            select id from made union all select id from neighbours.accounts where email = @Email and verified_at is not null limit 1
            """, new { account.Id, account.TenantId, account.Email, account.Name, account.Role, hash = s_hasher.HashPassword(account, password) },
            cancellationToken: cancellationToken));
    }

    /// <returns>
    /// Null for an unknown e-mail and for a wrong password alike, after the same work: two comparisons, whether the address has an account, has proved it, or has
    /// none. Of accounts that have not proved it the oldest is asked; the others are of use once their code was posted.
    /// </returns>
    public async Task<(Account Account, bool HasCode)?> LogInAsync(string email, string password, CancellationToken cancellationToken)
    {
        Row[] rows;
        await using (var connection = await source.OpenConnectionAsync(cancellationToken))
        {
            rows = [.. await connection.QueryAsync<Row>(new CommandDefinition($"""
                (select {Columns} from neighbours.accounts where email = @email and verified_at is not null)
                union all (select {Columns} from neighbours.accounts where email = @email and verified_at is null order by created_at, id limit 1)
                """, new { email = Fold(email) }, cancellationToken: cancellationToken))];
        }
        if (Check(rows.FirstOrDefault(r => r.IsVerified), password) is { } proved) return proved;
        if (Check(rows.FirstOrDefault(r => !r.IsVerified), password) is not { } found) return null;
        await using var use = await source.OpenConnectionAsync(cancellationToken);
        await use.ExecuteAsync(new CommandDefinition("update neighbours.accounts set signed_in_at = clock_timestamp() where id = @Id", new { found.Account.Id }, cancellationToken: cancellationToken));
        return found;
    }

    /// <summary>Gives an account that has not proved its address a new code.</summary>
    public async Task RenewCodeAsync(Guid accountId, string code, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition("""
            update neighbours.accounts set code_hash = @hash, code_until = clock_timestamp() + @CodeLives where id = @accountId and verified_at is null
            """, new { accountId, hash = HashOf(code), CodeLives }, cancellationToken: cancellationToken));
    }

    /// <summary>Marks the account as verified whose code this is.</summary>
    /// <returns>The account, or null if no account of the address has this code; and whether the address has proved another account before.</returns>
    public async Task<(Account? Account, bool IsTaken)> VerifyAsync(string email, string code, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var found = await connection.QuerySingleOrDefaultAsync<Row>(new CommandDefinition($"""
            select {Columns} from neighbours.accounts where email = @email and code_hash = @hash and code_until > clock_timestamp() and verified_at is null for update
            """, new { email = Fold(email), hash = HashOf(code) }, transaction, cancellationToken: cancellationToken));
        if (found is null) return (null, false);
        try
        {
            await connection.ExecuteAsync(new CommandDefinition("update neighbours.accounts set verified_at = clock_timestamp(), code_hash = null, code_until = null where id = @Id",
                new { found.Id }, transaction, cancellationToken: cancellationToken));
            await transaction.CommitAsync(cancellationToken);
            return ((found with { IsVerified = true }).Account(), false);
        }
        catch (PostgresException taken) when (taken.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return (null, true);
        }
    }

    private static (Account Account, bool HasCode)? Check(Row? row, string password)
    {
        var verified = s_hasher.VerifyHashedPassword(s_nobody, row?.PasswordHash ?? s_nobodysHash.Value, password);
        return row is null || verified == PasswordVerificationResult.Failed ? null : (row.Account(), row.HasCode);
    }

    // A code has 49 random bits: a plain digest of it is not guessed within the day that it lives.
    private static byte[] HashOf(string code) => SHA256.HashData(Encoding.UTF8.GetBytes(code.Trim().ToUpperInvariant()));

    private sealed record Row(Guid Id, Guid TenantId, string Email, string Name, string Role, string PasswordHash, bool IsVerified, bool HasCode)
    {
        public Account Account() => new(Id, TenantId, Email, Name, Role, IsVerified);
    }
}
