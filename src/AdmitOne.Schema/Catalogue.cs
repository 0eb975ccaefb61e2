using System.Globalization;
using System.Text;
using Npgsql;

namespace AdmitOne.Schema;

/// <summary>One thing that a schema consists of, in words by which two databases can be compared.</summary>
/// <param name="Kind">table, column, constraint, index, policy, trigger, function, view or grant.</param>
/// <param name="Name">With its schema, and for what belongs to a table with that: <c>tickets.orders.orders_pkey</c>.</param>
public sealed record CatalogueEntry(string Kind, string Name, string Definition);

/// <summary>What PostgreSQL's catalogue says of the schemas platform, events, tickets and identity.</summary>
public static class Catalogue
{
    private const string Resource = "catalogue.tsv";

    // With an empty search path every name is written with its schema. What PostgreSQL words differently from version to version (views, the
    // not-null constraints of 18) is left out or shortened; a function is known by the digest of its text.
    private const string ReadSql = """
        with relations as (
            select n.nspname || '.' || c.relname as name, c.* from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
             where n.nspname in ('platform', 'events', 'tickets', 'identity')),
        functions as (
            select p.*, n.nspname || '.' || p.proname || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')' as name
              from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace where n.nspname in ('platform', 'events', 'tickets', 'identity')),
        granted as (
            select name, acl.grantee, acl.privilege_type from relations, pg_catalog.aclexplode(relacl) acl where relkind in ('r', 'v', 'S') and acl.grantee <> relowner
            union all select r.name || '.' || a.attname, acl.grantee, acl.privilege_type
              from relations r join pg_catalog.pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped, pg_catalog.aclexplode(a.attacl) acl where acl.grantee <> r.relowner
            union all select name, acl.grantee, acl.privilege_type from functions, pg_catalog.aclexplode(coalesce(proacl, pg_catalog.acldefault('f', proowner))) acl where acl.grantee <> proowner
            union all select n.nspname, acl.grantee, acl.privilege_type from pg_catalog.pg_namespace n, pg_catalog.aclexplode(n.nspacl) acl
             where n.nspname in ('platform', 'events', 'tickets', 'identity') and acl.grantee <> n.nspowner)
        select kind, name, pg_catalog.regexp_replace(definition, '\s+', ' ', 'g') as definition from (
            select case relkind when 'v' then 'view' else 'table' end as kind, name,
                   'owner ' || pg_catalog.pg_get_userbyid(relowner) || case when relrowsecurity then ', row-level security' else '' end
                       || case when relforcerowsecurity then ', forced' else '' end || coalesce(', ' || pg_catalog.array_to_string(reloptions, ' '), '') as definition
              from relations where relkind in ('r', 'p', 'v')
            union all select 'column', r.name || '.' || a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod) || case when a.attnotnull then ' not null' else '' end
                       || case when a.attidentity <> '' then ' identity' else '' end
                       || coalesce(case when a.attgenerated <> '' then ' generated ' else ' default ' end || pg_catalog.pg_get_expr(d.adbin, d.adrelid), '')
              from relations r join pg_catalog.pg_attribute a on a.attrelid = r.oid left join pg_catalog.pg_attrdef d on d.adrelid = r.oid and d.adnum = a.attnum
             where r.relkind in ('r', 'p', 'v') and a.attnum > 0 and not a.attisdropped
            union all select 'constraint', r.name || '.' || k.conname, pg_catalog.pg_get_constraintdef(k.oid)
              from relations r join pg_catalog.pg_constraint k on k.conrelid = r.oid where k.contype in ('p', 'u', 'f', 'c', 'x')
            union all select 'index', r.name, pg_catalog.pg_get_indexdef(i.indexrelid) || case when i.indisvalid then '' else ' INVALID' end
              from relations r join pg_catalog.pg_index i on i.indexrelid = r.oid
            union all select 'policy', r.name || '.' || p.polname,
                       case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end
                       || ' to ' || coalesce((select pg_catalog.string_agg(pg_catalog.pg_get_userbyid(role), ', ' order by role) from unnest(p.polroles) role where role <> 0), 'public')
                       || coalesce(' using ' || pg_catalog.pg_get_expr(p.polqual, p.polrelid), '') || coalesce(' with check ' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid), '')
              from relations r join pg_catalog.pg_policy p on p.polrelid = r.oid
            union all select 'trigger', r.name || '.' || t.tgname, pg_catalog.pg_get_triggerdef(t.oid) || case when t.tgenabled = 'O' then '' else ' DISABLED' end
              from relations r join pg_catalog.pg_trigger t on t.tgrelid = r.oid where not t.tgisinternal
            union all select 'function', name, 'owner ' || pg_catalog.pg_get_userbyid(proowner) || case when prosecdef then ', security definer' else '' end
                       || coalesce(', ' || pg_catalog.array_to_string(proconfig, ' '), '') || ', text ' || pg_catalog.md5(prosrc)
              from functions
            union all select 'grant', name || ' to ' || case when grantee = 0 then 'public' else pg_catalog.pg_get_userbyid(grantee) end,
                       pg_catalog.string_agg(pg_catalog.lower(privilege_type), ', ' order by privilege_type)
              from granted group by name, grantee) entries
         order by kind collate "C", name collate "C"
        """;

    /// <summary>The catalogue of the newest version, as its migrations make it: a test compares it with them.</summary>
    public static IReadOnlyList<CatalogueEntry> Expected { get; } = Parse(ResourceText());

    /// <summary>What a database has. Any role may ask: it needs no right to a row.</summary>
    public static async Task<IReadOnlyList<CatalogueEntry>> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (var path = new NpgsqlCommand("set local search_path = ''", connection, transaction)) await path.ExecuteNonQueryAsync(cancellationToken);
        await using var command = new NpgsqlCommand(ReadSql, connection, transaction);
        var entries = new List<CatalogueEntry>();
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
            while (await reader.ReadAsync(cancellationToken)) entries.Add(new CatalogueEntry(reader.GetString(0), reader.GetString(1), reader.GetString(2)));
        return entries;
    }

    /// <summary>What is missing, changed or not of us, a line each; empty if the two are the same.</summary>
    public static IReadOnlyList<string> Compare(IReadOnlyList<CatalogueEntry> expected, IReadOnlyList<CatalogueEntry> found)
    {
        ArgumentNullException.ThrowIfNull(expected);
        ArgumentNullException.ThrowIfNull(found);
        var there = found.ToDictionary(entry => (entry.Kind, entry.Name), entry => entry.Definition);
        var wanted = expected.ToDictionary(entry => (entry.Kind, entry.Name), entry => entry.Definition);
        return
        [
            .. expected.Where(entry => !there.ContainsKey((entry.Kind, entry.Name))).Select(entry => $"missing {entry.Kind} {entry.Name}: {entry.Definition}"),
            .. expected.Where(entry => there.TryGetValue((entry.Kind, entry.Name), out var other) && other != entry.Definition)
                .Select(entry => $"changed {entry.Kind} {entry.Name}: it is \"{there[(entry.Kind, entry.Name)]}\", the migrations make \"{entry.Definition}\""),
            .. found.Where(entry => !wanted.ContainsKey((entry.Kind, entry.Name))).Select(entry => $"unknown {entry.Kind} {entry.Name}: {entry.Definition}"),
        ];
    }

    /// <summary>The text that is kept of a catalogue: a line each, separated by tabs.</summary>
    public static string Write(IReadOnlyList<CatalogueEntry> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        var text = new StringBuilder();
        foreach (var (kind, name, definition) in entries) text.Append(CultureInfo.InvariantCulture, $"{kind}\t{name}\t{definition}\n");
        return text.ToString();
    }

    private static CatalogueEntry[] Parse(string text) =>
        [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t')).Select(parts => new CatalogueEntry(parts[0], parts[1], parts[2]))];

    private static string ResourceText()
    {
        using var stream = typeof(Catalogue).Assembly.GetManifestResourceStream(Resource) ?? throw new InvalidOperationException($"{Resource} was not built in.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
