using AdmitOne.Schema;
using Npgsql;

namespace AdmitOne.Cli.Local;

/// <summary>Brings a PostgreSQL to what the services expect: roles, database, schema.</summary>
internal static class LocalDatabase
{
    /// <exception cref="CannotRunException">The database refuses, or is of a newer version.</exception>
    public static async Task PrepareAsync(PostgresAddress postgres, ServiceSettings settings, CancellationToken cancellationToken)
    {
        try
        {
            await PrepareOnceAsync(postgres, settings, cancellationToken);
        }
        catch (Exception fault) when (fault is NpgsqlException or MigrationException)
        {
            throw new CannotRunException($"the database {postgres.Database} on {postgres.Host}:{postgres.Port} cannot be prepared: {fault.Message}", fault);
        }
    }

    private static async Task PrepareOnceAsync(PostgresAddress postgres, ServiceSettings settings, CancellationToken cancellationToken)
    {
        var logins = DatabaseRoles.Logins.ToDictionary(login => login, login => settings.LoginPasswords[login]);
        await DatabaseRoles.EnsureAsync(WithoutWaiting(postgres.ConnectionString("postgres")), postgres.Database, logins, cancellationToken);
        await EnsureNeighboursAsync(postgres, settings.LoginPasswords[ServiceSettings.NeighboursRole], cancellationToken);
        await new Migrator(WithoutWaiting(settings.MigrateConnectionString)).UpAsync(to: null, cancellationToken);
        await TakeOverAccountsAsync(postgres, cancellationToken);
    }

    /// <summary>Accounts that a version before Identity kept in the schema of the neighbours become Identity's, with their passwords and roles; the old table stays under another name.</summary>
    private static async Task TakeOverAccountsAsync(PostgresAddress postgres, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(postgres.ConnectionString());
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand("""
            do $$ begin
                if to_regclass('neighbours.accounts') is null then return; end if;
                insert into identity.people (id, user_name, normalized_user_name, email, email_confirmed, name, password_hash, security_stamp, created_at)
                select id, replace(id::text, '-', ''), upper(replace(id::text, '-', '')), email, verified_at is not null, name, password_hash, upper(replace(gen_random_uuid()::text, '-', '')), created_at
                  from neighbours.accounts on conflict do nothing;
                insert into identity.memberships (tenant_id, person_id, role)
                select a.tenant_id, a.id, a.role from neighbours.accounts a
                 where exists (select from identity.people p where p.id = a.id) and exists (select from platform.tenants t where t.id = a.tenant_id) on conflict do nothing;
                alter table neighbours.accounts rename to accounts_before_identity;
            end $$
            """, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>The neighbours stand for other people's systems: they get a schema of their own, and see nothing of ours.</summary>
    private static async Task EnsureNeighboursAsync(PostgresAddress postgres, string password, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(postgres.ConnectionString());
        await connection.OpenAsync(cancellationToken);
        // A utility statement takes no parameters; a generated password has letters and digits only.
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new($"""
                    do $$ begin
                        if not exists (select from pg_roles where rolname = '{ServiceSettings.NeighboursRole}') then
                            create role {ServiceSettings.NeighboursRole} login;
                        end if;
                    end $$
                    """),
                new($"alter role {ServiceSettings.NeighboursRole} password '{password}'"),
                new($"grant connect on database {postgres.Database} to {ServiceSettings.NeighboursRole}"),
                new($"create schema if not exists neighbours authorization {ServiceSettings.NeighboursRole}"),
            },
        };
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    // Fifty small commits need not reach the disk one by one: a power cut may undo the last of them, in order, and the next start repeats those.
    private static string WithoutWaiting(string connectionString) =>
        new NpgsqlConnectionStringBuilder(connectionString) { Options = "-c synchronous_commit=off" }.ConnectionString;
}
