using System.Globalization;
using System.Net.Sockets;
using Npgsql;

namespace AdmitOne.Cli.Doctor;

/// <summary>Whether each service's role gets into the database.</summary>
internal sealed class DatabaseProbe() : Probe("database")
{
    public override async Task<IReadOnlyList<Finding>> LookAsync(Patient patient, CancellationToken cancellationToken) =>
        await Task.WhenAll(patient.Services.Select(service => LookAsync(service, cancellationToken)));

    private static async Task<Finding> LookAsync(ExaminedService service, CancellationToken cancellationToken)
    {
        try
        {
            var connection = await service.ConnectAsync(cancellationToken);
            return Finding.Go($"{service.DatabaseAddress}, PostgreSQL {connection.PostgreSqlVersion}");
        }
        catch (NpgsqlException fault)
        {
            return fault switch
            {
                PostgresException { SqlState: PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification } refused
                    => Finding.NoGo($"{service.DatabaseAddress}: the login was refused: {refused.MessageText}", $"Set DB_USER and DB_PASSWORD of the {service.Name} to what the role has (admitone migrate roles)."),
                PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName }
                    => Finding.NoGo($"{service.DatabaseAddress}: there is no such database", "Set DB_NAME, or make it: admitone migrate roles prints how."),
                PostgresException { SqlState: PostgresErrorCodes.TooManyConnections } full
                    => Finding.NoGo($"{service.DatabaseAddress}: {full.MessageText}", "Lower DB_POOL_MAX, or raise max_connections."),
                PostgresException other => Finding.NoGo($"{service.DatabaseAddress}: {other.MessageText} ({other.SqlState})", "Look at the server's log."),
                { InnerException: SocketException or TimeoutException } => Finding.NoGo($"{service.DatabaseAddress} cannot be reached: {fault.InnerException.Message}", "Start it, or set DB_HOST and DB_PORT."),
                _ => Finding.NoGo($"{service.DatabaseAddress}: {fault.InnerException?.Message ?? fault.Message}", "If it is about a certificate: mount the authority's, or set DB_SSL_MODE."),
            };
        }
    }
}

/// <summary>Something that one query of the catalogue shows.</summary>
internal abstract class CatalogueProbe(string name) : Probe(name)
{
    public sealed override async Task<IReadOnlyList<Finding>> LookAsync(Patient patient, CancellationToken cancellationToken)
    {
        if (await patient.AnyConnectionAsync(cancellationToken) is not { } connection) return One(Finding.Unseen("the database lets nobody in"));
        return await LookAsync(patient, connection, cancellationToken);
    }

    protected abstract Task<IReadOnlyList<Finding>> LookAsync(Patient patient, NpgsqlConnection connection, CancellationToken cancellationToken);

    protected static async Task<List<string>> ListAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken, params object[] parameters)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var value in parameters) command.Parameters.Add(new NpgsqlParameter { Value = value });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var found = new List<string>();
        while (await reader.ReadAsync(cancellationToken)) found.Add(Convert.ToString(reader.GetValue(0), CultureInfo.InvariantCulture) ?? "");
        return found;
    }

    protected static async Task<string> SettingAsync(NpgsqlConnection connection, string name, CancellationToken cancellationToken) =>
        (await ListAsync(connection, "select current_setting($1)", cancellationToken, name))[0];
}

/// <summary>The version of the schema, against the newest that this program knows.</summary>
internal sealed class SchemaProbe() : CatalogueProbe("schema")
{
    protected override async Task<IReadOnlyList<Finding>> LookAsync(Patient patient, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var latest = Schema.Migrator.Latest;
        int found;
        try
        {
            found = int.Parse((await ListAsync(connection, "select coalesce(max(right(split_part(id, '_', 1), 6)::int), 0) from platform.schema_migrations", cancellationToken))[0], CultureInfo.InvariantCulture);
        }
        catch (PostgresException missing) when (missing.SqlState is PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName or PostgresErrorCodes.InsufficientPrivilege)
        {
            return One(Finding.NoGo("there is no schema", "Run admitone migrate up."));
        }
        return One(found == latest ? Finding.Go($"at {found:000}")
            : found < latest ? Finding.NoGo($"at {found:000}, behind {latest:000}", "Run admitone migrate up before the services start.")
            : Finding.NoGo($"at {found:000}, ahead of {latest:000} that this version knows", "Deploy the version that migrated it, or migrate down with that version's admitone."));
    }
}

/// <summary>The 42 access paths, and every other index that the migrations made.</summary>
internal sealed partial class AccessPathsProbe() : CatalogueProbe("access paths")
{
    protected override async Task<IReadOnlyList<Finding>> LookAsync(Patient patient, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var valid = (await ListAsync(connection, """
            select c.relname from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
             where n.nspname in ('platform', 'events', 'tickets', 'identity') and i.indisvalid and i.indisready
            """, cancellationToken)).ToHashSet();
        var lost = Schema.AccessPaths.All.Where(path => !valid.Contains(path.Index)).ToArray();
        var others = Made().Except(valid).Except(lost.Select(path => path.Index)).ToArray();
        if (lost.Length == 0 && others.Length == 0) return One(Finding.Go($"{Schema.AccessPaths.All.Count} of {Schema.AccessPaths.All.Count} served, by {Schema.AccessPaths.All.Select(path => path.Index).Distinct().Count()} indexes"));
        return
        [
            .. lost.GroupBy(path => path.Index).Select(index => Finding.NoGo($"{index.Key} is missing or invalid: {index.First().Table} cannot be looked up by {string.Join("; ", index.Select(path => path.By))}",
                "Build it concurrently as its migration says (admitone migrate script).")),
            .. others.Select(index => Finding.NoGo($"{index} is missing or invalid", "Build it concurrently as its migration says (admitone migrate script).")),
        ];
    }

    /// <summary>Indexes that the migrations make and no later one drops.</summary>
    private static HashSet<string> Made()
    {
        var made = new HashSet<string>();
        foreach (var migration in Schema.MigrationSet.Product)
        {
            made.ExceptWith(Dropped().Matches(migration.Up.Text).Select(m => m.Groups["name"].Value));
            made.UnionWith(Created().Matches(migration.Up.Text).Select(m => m.Groups["name"].Value));
        }
        return made;
    }

    [System.Text.RegularExpressions.GeneratedRegex(@"^\s*create (?:unique )?index (?:concurrently )?(?:if not exists )?(?<name>ix_\w+)", System.Text.RegularExpressions.RegexOptions.Multiline)]
    private static partial System.Text.RegularExpressions.Regex Created();

    [System.Text.RegularExpressions.GeneratedRegex(@"^\s*drop index (?:concurrently )?(?:if exists )?(?:\w+\.)?(?<name>ix_\w+)", System.Text.RegularExpressions.RegexOptions.Multiline)]
    private static partial System.Text.RegularExpressions.Regex Dropped();
}

/// <summary>The 13 foreign keys of the checklist, validated.</summary>
internal sealed class ForeignKeysProbe() : CatalogueProbe("foreign keys")
{
    protected override async Task<IReadOnlyList<Finding>> LookAsync(Patient patient, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var valid = await ListAsync(connection, """
            select c.conname from pg_constraint c join pg_namespace n on n.oid = c.connamespace where n.nspname = 'tickets' and c.contype = 'f' and c.convalidated
            """, cancellationToken);
        var lost = Schema.ForeignKeys.Counted.Select(key => key.Name).Except(valid).ToArray();
        return lost.Length == 0 ? One(Finding.Go($"{Schema.ForeignKeys.Counted.Count} of {Schema.ForeignKeys.Counted.Count} in place and validated"))
            : [.. lost.Select(key => Finding.NoGo($"{key} is missing or not validated", "Look for orphans (admitone migrate validate), then add it as 002_foreign_keys says."))];
    }
}

/// <summary>No table with tenants' rows may be readable without a policy, not even by its owner.</summary>
internal sealed class RowSecurityProbe() : CatalogueProbe("row-level security")
{
    protected override async Task<IReadOnlyList<Finding>> LookAsync(Patient patient, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var open = await ListAsync(connection, """
            select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
             where n.nspname in ('platform', 'events', 'tickets', 'identity') and c.relkind in ('r', 'p') and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped)
               and not (c.relrowsecurity and c.relforcerowsecurity and exists (select from pg_policy p where p.polrelid = c.oid)) order by 1
            """, cancellationToken);
        return open.Count == 0 ? One(Finding.Go("enabled, forced and with a policy on every table of tenants"))
            : [.. open.Select(table => Finding.NoGo($"{table} is open to every tenant", $"alter table {table} enable row level security; alter table {table} force row level security;"))];
    }
}

/// <summary>Who can pass a policy is bound by none. And what the services' roles say of plans holds for every statement of theirs.</summary>
internal sealed class RoleProbe() : Probe("application roles")
{
    public override async Task<IReadOnlyList<Finding>> LookAsync(Patient patient, CancellationToken cancellationToken)
    {
        var findings = new List<Finding>();
        foreach (var service in patient.Services)
        {
            NpgsqlConnection connection;
            try
            {
                connection = await service.ConnectAsync(cancellationToken);
            }
            catch (NpgsqlException)
            {
                findings.Add(Finding.Unseen($"the {service.Name} does not get in"));
                continue;
            }
            await using var ask = new NpgsqlCommand("""
                select concat_ws(', ', case when rolsuper then 'is a superuser' end, case when rolbypassrls then 'passes row-level security' end,
                       case when rolcreaterole then 'makes roles' end, case when rolcreatedb then 'makes databases' end, case when rolreplication then 'replicates' end,
                       (select 'owns ' || string_agg(c.oid::regclass::text, ', ') from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname in ('platform', 'events', 'tickets', 'identity') and c.relowner = r.oid),
                       (select 'may become ' || string_agg(o.rolname, ', ') from pg_roles o where o.rolname in ('admitone_owner', 'admitone_worker', 'admitone_audit') and not r.rolsuper and pg_has_role(r.oid, o.oid, 'member'))),
                       current_setting('enable_seqscan')::boolean
                  from pg_roles r where rolname = current_user
                """, connection);
            await using var role = await ask.ExecuteReaderAsync(cancellationToken);
            await role.ReadAsync(cancellationToken);
            var power = role.GetString(0);
            findings.Add(Finding.If(power.Length == 0, power.Length == 0 ? $"{service.Postgres.User} may do what the {service.Name} does and no more" : $"{service.Postgres.User} {power}",
                "Give the service a role of its own: admitone migrate roles prints it."));
            if (role.GetBoolean(1))
                findings.Add(Finding.Warning($"{service.Postgres.User} may go on reading all of a table that was small when a statement was planned", "Run what admitone migrate roles prints once more (ADR 50)."));
        }
        return findings;
    }
}

/// <summary>All replicas' pools together must find room on the server.</summary>
internal sealed class PoolProbe() : CatalogueProbe("pools")
{
    // What monitoring, a migration, a backup and a person need at the same time.
    private const int ForTools = 10;

    protected override async Task<IReadOnlyList<Finding>> LookAsync(Patient patient, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var most = int.Parse(await SettingAsync(connection, "max_connections", cancellationToken), CultureInfo.InvariantCulture)
            - int.Parse(await SettingAsync(connection, "superuser_reserved_connections", cancellationToken), CultureInfo.InvariantCulture);
        var wanted = patient.Services.Sum(service => service.PoolMax * patient.Replicas);
        return One(Finding.If(wanted + ForTools <= most,
            $"{patient.Replicas} replica(s) × ({string.Join(" + ", patient.Services.Select(service => service.PoolMax))}) = {wanted} of {most} connections, {ForTools} kept for tools",
            "Lower DB_POOL_MAX or the replicas, raise max_connections, or put PgBouncer in session mode between."));
    }
}

/// <summary>A purchase that was answered must survive the power cut after it.</summary>
internal sealed class DurabilityProbe() : CatalogueProbe("durability")
{
    protected override async Task<IReadOnlyList<Finding>> LookAsync(Patient patient, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var off = new List<string>();
        foreach (var name in (string[])["fsync", "synchronous_commit", "full_page_writes"])
            if (await SettingAsync(connection, name, cancellationToken) is "off" or "local") off.Add(name);
        return One(Finding.If(off.Count == 0, off.Count == 0 ? "fsync, synchronous_commit and full_page_writes are on" : $"switched off: {string.Join(", ", off)}", "Switch it on: sold tickets are lost or sold again otherwise."));
    }
}

/// <summary>How long a statement may take is said once: what a role or a pooler says otherwise wins silently, or loses.</summary>
internal sealed class StatementTimeoutProbe() : CatalogueProbe("statement time-out")
{
    protected override async Task<IReadOnlyList<Finding>> LookAsync(Patient patient, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var findings = new List<Finding>();
        foreach (var service in patient.Services)
        {
            var wanted = service.Postgres.StatementTimeoutMs;
            var roles = await ListAsync(connection, """
                select split_part(c, '=', 2) from pg_db_role_setting s join pg_roles r on r.oid = s.setrole, unnest(s.setconfig) c where r.rolname = $1 and s.setdatabase in (0, (select oid from pg_database where datname = current_database())) and c like 'statement\_timeout=%'
                """, cancellationToken, service.Postgres.User);
            var disagrees = false;
            foreach (var role in roles)
            {
                var milliseconds = await ListAsync(connection, "select (extract(epoch from (case when $1 ~ '^[0-9]+$' then $1 || 'ms' else $1 end)::interval) * 1000)::bigint", cancellationToken, role);
                if (milliseconds[0] == wanted.ToString(CultureInfo.InvariantCulture)) continue;
                disagrees = true;
                findings.Add(Finding.NoGo($"the {service.Name} asks for {wanted} ms, and the role {service.Postgres.User} is set to {role}", $"Say it once: alter role {service.Postgres.User} reset statement_timeout;"));
            }
            try
            {
                var own = await service.ConnectAsync(cancellationToken);
                var real = await ListAsync(own, "select setting from pg_settings where name = 'statement_timeout'", cancellationToken);
                if (real[0] != wanted.ToString(CultureInfo.InvariantCulture))
                {
                    disagrees = true;
                    findings.Add(Finding.NoGo($"the {service.Name} asks for {wanted} ms and its session got {real[0]} ms", "A pooler drops start-up options: put it in session mode, and let it pass `options`."));
                }
            }
            catch (NpgsqlException)
            {
                continue;
            }
            if (!disagrees) findings.Add(Finding.Go($"{wanted} ms for the {service.Name}"));
        }
        return findings.Count == 0 ? One(Finding.Unseen("neither service gets in")) : findings;
    }
}

/// <summary>What is slow is only found if the server writes it down.</summary>
internal sealed class SlowQueriesProbe() : CatalogueProbe("slow queries")
{
    protected override async Task<IReadOnlyList<Finding>> LookAsync(Patient patient, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var at = await SettingAsync(connection, "log_min_duration_statement", cancellationToken);
        return One(at == "-1" ? Finding.Warning("the server logs none", "alter system set log_min_duration_statement = '500ms'; select pg_reload_conf();") : Finding.Go($"logged from {at}"));
    }
}
