using System.Text;
using Npgsql;

namespace AdmitOne.Schema;

/// <summary>The roles and the database that a schema needs before its first migration.</summary>
/// <remarks>None is a superuser or bypasses row-level security, and making them needs neither: CREATEROLE and CREATEDB are enough.</remarks>
public static class DatabaseRoles
{
    public const string Owner = "admitone_owner";
    public const string Migrate = "admitone_migrate";
    public const string Events = "admitone_events";
    public const string Tickets = "admitone_tickets";
    public const string Identity = "admitone_identity";
    public const string Worker = "admitone_worker";
    public const string Audit = "admitone_audit";

    // "A1 roles" in ASCII; the lock of the maintenance database, not of ours.
    private const long LockKey = 0x413120726F6C6573;
    private const int Attempts = 5;

    /// <summary>The roles that connect; the others own.</summary>
    public static IReadOnlyList<string> Logins { get; } = [Migrate, Events, Tickets, Identity, Audit];

    /// <summary>Makes what is missing, sets the passwords given, and takes from PUBLIC what it has by default. Safe to repeat, also by two at once.</summary>
    /// <param name="adminConnectionString">A superuser, or a managed server's administrator with CREATEROLE and CREATEDB.</param>
    /// <param name="database">Made if missing, owned by <see cref="Owner"/>.</param>
    /// <param name="loginPasswords">By login; one that is not named keeps the password it has.</param>
    /// <param name="cancellationToken">Ends the waiting for another who does the same.</param>
    /// <exception cref="ArgumentException">A name is not one of <see cref="Logins"/>.</exception>
    /// <exception cref="MigrationException">The administrator may not do it, or a role of that name has rights that it must not have.</exception>
    public static async Task EnsureAsync(
        string adminConnectionString, string database, IReadOnlyDictionary<string, string> loginPasswords, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(database);
        ArgumentNullException.ThrowIfNull(loginPasswords);
        if (loginPasswords.Keys.FirstOrDefault(name => !Logins.Contains(name)) is { } stranger)
            throw new ArgumentException($"{stranger} is none of AdmitOne's logins ({string.Join(", ", Logins)})", nameof(loginPasswords));

        var admin = new NpgsqlConnectionStringBuilder(adminConnectionString) { Pooling = false, ApplicationName = "admitone-roles", Enlist = false };
        var maintenance = new NpgsqlConnectionStringBuilder(admin.ConnectionString);
        if (string.IsNullOrEmpty(maintenance.Database) || maintenance.Database == database) maintenance.Database = "postgres";
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await EnsureOnceAsync(maintenance.ConnectionString, database, loginPasswords, cancellationToken);
                break;
            }
            // Roles are the cluster's: someone who came by another database does not see our lock. The catalogue then says "tuple concurrently updated" or "already exists".
            catch (PostgresException exception) when (attempt < Attempts && exception.SqlState is
                PostgresErrorCodes.InternalError or PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.DuplicateObject
                or PostgresErrorCodes.DuplicateDatabase or PostgresErrorCodes.ObjectInUse)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100 * attempt), cancellationToken);
            }
            catch (PostgresException exception) when (exception.SqlState is PostgresErrorCodes.InsufficientPrivilege)
            {
                throw new MigrationException($"{admin.Username} may not make AdmitOne's roles ({exception.MessageText}); it needs CREATEROLE and CREATEDB, or let a DBA run what `admitone migrate roles` prints", exception);
            }
        }
        admin.Database = database;
        await ClosePublicSchemaAsync(admin.ConnectionString, cancellationToken);
    }

    /// <summary>The same as SQL for psql, for a DBA who makes roles and databases by hand. Fill in the passwords first.</summary>
    public static string Script(string database)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(database);
        var script = new StringBuilder($"""
            -- AdmitOne's roles and database, for psql 15 or newer, as an administrator (CREATEROLE and CREATEDB are enough).
            -- Replace each <password of …>, or leave its line out and set it by \password. Safe to run again.
            \set ON_ERROR_STOP on
            {CreateRolesSql}

            {RefuseTooPowerfulSql}

            set password_encryption = 'scram-sha-256';

            """);
        foreach (var login in Logins) script.Append("alter role ").Append(login).Append(" login password '<password of ").Append(login).Append(">';\n");
        return script.Append($"""

            {MembershipSql}

            {AdminMembershipSql}

            {PlannerSql}

            {SessionSql}

            select {Literal(CreateDatabaseSql(database))} where not exists (select from pg_catalog.pg_database where datname = {Literal(database)}) \gexec
            {DatabaseRightsSql(database)}
            \connect {Quoted(database)}
            revoke create on schema public from public;

            """).ToString();
    }

    private static async Task EnsureOnceAsync(
        string maintenance, string database, IReadOnlyDictionary<string, string> passwords, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(maintenance);
        await connection.OpenAsync(cancellationToken);
        while (!await AskAsync(connection, $"select pg_try_advisory_lock({LockKey})", cancellationToken))
            await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken);

        await RunAsync(connection, $"{CreateRolesSql}\n{RefuseTooPowerfulSql}\n{MembershipSql}\n{AdminMembershipSql}\n{PlannerSql}\n{SessionSql}", cancellationToken);
        // A password that is not ASCII needs SASLprep, which the server does.
        await RunAsync(connection, "set password_encryption = 'scram-sha-256'", cancellationToken);
        foreach (var (login, password) in passwords)
            await RunAsync(connection, $"alter role {login} login password {Literal(ScramVerifier.TryMake(password) ?? password)}", cancellationToken);
        if (!await AskAsync(connection, $"select exists (select from pg_catalog.pg_database where datname = {Literal(database)})", cancellationToken))
            await RunAsync(connection, CreateDatabaseSql(database), cancellationToken);
        await RunAsync(connection, DatabaseRightsSql(database), cancellationToken);
    }

    // Databases made before PostgreSQL 15 let everyone create in `public`. In a newer one there is nothing to take, nor the right to try.
    private static async Task ClosePublicSchemaAsync(string connectionString, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(cancellationToken);
        const string Open = $"select coalesce(has_schema_privilege('{Events}', to_regnamespace('public')::oid, 'create'), false)";
        if (await AskAsync(connection, Open, cancellationToken))
            await RunAsync(connection, "revoke create on schema public from public", cancellationToken);
    }

    // The rights of an ordinary role are CREATE ROLE's defaults; naming NOSUPERUSER would already take a superuser on PostgreSQL 15.
    private static string CreateRolesSql { get; } = string.Join('\n', new[] { Owner, Worker }.Select(role => CreateRole(role, "nologin"))
        .Concat(Logins.Select(role => CreateRole(role, "login"))));

    private static string CreateRole(string role, string login) => $"""
        do $$ begin
            if not exists (select from pg_catalog.pg_roles where rolname = '{role}') then create role {role} {login}; end if;
        exception when duplicate_object or unique_violation then null; -- made by another at the same time
        end $$;
        """;

    private const string RefuseTooPowerfulSql = """
        do $$ declare too_powerful text; begin
            select string_agg(rolname, ', ' order by rolname) into too_powerful from pg_catalog.pg_roles
             where rolname in ('admitone_owner', 'admitone_migrate', 'admitone_events', 'admitone_tickets', 'admitone_identity', 'admitone_worker', 'admitone_audit')
               and (rolsuper or rolbypassrls or rolcreatedb or rolcreaterole or rolreplication
                    or (rolcanlogin and rolname in ('admitone_owner', 'admitone_worker')));
            if too_powerful is not null then
                raise insufficient_privilege using message = 'these roles have rights that AdmitOne''s must not have: ' || too_powerful;
            end if;
        end $$;
        """;

    // The owner makes the narrow functions that admitone_worker owns, so it must be able to give them away. It must not inherit: a policy
    // `to admitone_worker using (true)` would then be the owner's too, and with it that of whoever reads a view of the owner's, such as sale_window.
    private const string MembershipSql = """
        alter role admitone_owner noinherit;
        grant admitone_owner to admitone_migrate;
        do $$ begin
            if current_setting('server_version_num')::int >= 160000 then execute 'grant admitone_worker to admitone_owner with inherit false';
            else grant admitone_worker to admitone_owner;
            end if;
        end $$;
        """;

    // The services keep their statements planned. A plan made while a table was small reads all of it, and stays until the server has counted the
    // table again, up to a minute later: in a rush, each buyer would read all orders so far (ADR 50). A plan that has no other way still reads all.
    // `jit` off: such a plan is priced so high that the server would compile it, for longer than it runs.
    private static string PlannerSql { get; } = string.Join('\n', new[] { Events, Tickets, Identity }.Select(role => $"""
        alter role {role} set enable_seqscan = off;
        alter role {role} set jit = off;
        """));

    // The services say the same of each connection, by their settings; this is for sessions that do not: a proxy that drops them, a person with psql. A transaction
    // that is idle holds locks that every replica waits for: the server ends it. Reports, packs and exports say how long theirs may be, each for itself.
    private static string SessionSql { get; } = string.Join('\n', new[] { Events, Tickets, Identity }.Select(role => $"""
        alter role {role} set statement_timeout = '5s';
        alter role {role} set lock_timeout = '2s';
        alter role {role} set idle_in_transaction_session_timeout = '2s';
        alter role {role} set tcp_keepalives_idle = 5;
        alter role {role} set tcp_keepalives_interval = 2;
        alter role {role} set tcp_keepalives_count = 3;
        alter role {role} set tcp_user_timeout = 11000;
        """));

    // Only who may become the owner can make a database for it. A superuser may anyway; PostgreSQL 16 and newer give the maker of a role
    // the right to grant it, not yet the right to become it; PostgreSQL 15 gives CREATEROLE both by this grant.
    private const string AdminMembershipSql = """
        do $$ begin
            if not (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then
                execute format('grant admitone_owner to %I', current_user);
            end if;
        end $$;
        """;

    private static string CreateDatabaseSql(string database) =>
        $"create database {Quoted(database)} owner {Owner} encoding 'UTF8' template template0";

    private static string DatabaseRightsSql(string database) => $"""
        alter database {Quoted(database)} owner to {Owner};
        revoke all on database {Quoted(database)} from public;
        grant connect on database {Quoted(database)} to {string.Join(", ", Logins)};
        """;

    private static string Quoted(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    private static async Task RunAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<bool> AskAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
