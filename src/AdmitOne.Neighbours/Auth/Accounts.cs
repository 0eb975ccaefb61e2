using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Text;
using Dapper;
using Microsoft.AspNetCore.Identity;
using Npgsql;

namespace AdmitOne.Neighbours;

/// <summary>One who can log in.</summary>
/// <param name="Email">Case-folded, and unique over all organisers: a login names no organiser.</param>
internal sealed record Account(Guid Id, Guid TenantId, string Email, string Name, string Role);

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
            email         text        not null constraint accounts_email_key unique,
            name          text        not null,
            role          text        not null,
            password_hash text        not null,
            created_at    timestamptz not null default clock_timestamp()
        );
        """;

    private static readonly PasswordHasher<Account> s_hasher = new();
    private static readonly Account s_nobody = new(Guid.Empty, Guid.Empty, "", "", Roles.Customer);
    // What an unknown e-mail's password is compared with, so that the answer takes as long as for a known one.
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

    /// <returns>False if the e-mail is taken.</returns>
    public async Task<bool> TryAddAsync(Account account, string password, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        try
        {
            await connection.ExecuteAsync(new CommandDefinition("""
                insert into neighbours.accounts (id, tenant_id, email, name, role, password_hash)
                values (@Id, @TenantId, @Email, @Name, @Role, @hash)
                """, new { account.Id, account.TenantId, account.Email, account.Name, account.Role, hash = s_hasher.HashPassword(account, password) },
                cancellationToken: cancellationToken));
            return true;
        }
        catch (PostgresException refused) when (DatabaseFaults.Broke(refused, "accounts_email_key"))
        {
            return false;
        }
    }

    public async Task<Guid?> FindIdAsync(string email, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<Guid?>(new CommandDefinition(
            "select id from neighbours.accounts where email = @email", new { email }, cancellationToken: cancellationToken));
    }

    /// <returns>Null for an unknown e-mail and for a wrong password alike, after the same work.</returns>
    public async Task<Account?> LogInAsync(string email, string password, CancellationToken cancellationToken)
    {
        Row? row;
        await using (var connection = await source.OpenConnectionAsync(cancellationToken))
        {
            row = await connection.QuerySingleOrDefaultAsync<Row>(new CommandDefinition(
                "select id, tenant_id, email, name, role, password_hash from neighbours.accounts where email = @email",
                new { email = Fold(email) }, cancellationToken: cancellationToken));
        }
        var verified = s_hasher.VerifyHashedPassword(s_nobody, row?.PasswordHash ?? s_nobodysHash.Value, password);
        return row is not null && verified != PasswordVerificationResult.Failed ? new Account(row.Id, row.TenantId, row.Email, row.Name, row.Role) : null;
    }

    private sealed record Row(Guid Id, Guid TenantId, string Email, string Name, string Role, string PasswordHash);
}
