using AdmitOne.Cli.Local;
using Npgsql;

namespace AdmitOne.Cli.Backups;

/// <summary>The tables of our schemas and how many rows each has.</summary>
internal static class DatabaseContents
{
    public static readonly string[] Schemas = ["platform", "events", "tickets", "identity"];

    /// <summary>Counts every table in one statement, so that all counts are of one moment.</summary>
    public static async Task<IReadOnlyDictionary<string, long>> CountAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var tables = new List<string>();
        await using (var list = new NpgsqlCommand("select format('%I.%I', schemaname, tablename) from pg_tables where schemaname = any ($1) order by 1", connection) { Parameters = { new() { Value = Schemas } } })
        await using (var reader = await list.ExecuteReaderAsync(cancellationToken))
            while (await reader.ReadAsync(cancellationToken)) tables.Add(reader.GetString(0));
        var rows = new SortedDictionary<string, long>(StringComparer.Ordinal);
        if (tables.Count == 0) return rows;
        await using var count = new NpgsqlCommand(string.Join(" union all ", tables.Select(table => $"select '{table}', count(*) from {table}")), connection) { CommandTimeout = 0 };
        await using var counted = await count.ExecuteReaderAsync(cancellationToken);
        while (await counted.ReadAsync(cancellationToken)) rows[counted.GetString(0)] = counted.GetInt64(1);
        return rows;
    }

    /// <summary>The counters behind numbered columns.</summary>
    public static async Task<IReadOnlyList<string>> SequencesAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var sequences = new List<string>();
        await using var list = new NpgsqlCommand("select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = any ($1) and c.relkind = 'S' order by 1", connection) { Parameters = { new() { Value = Schemas } } };
        await using var reader = await list.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken)) sequences.Add(reader.GetString(0));
        return sequences;
    }

    /// <summary>Sets each counter far above the highest number that its column has: rows that came and went since had numbers too.</summary>
    public static async Task AdvanceSequencesAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("""
            do $$
            declare
                counter record;
            begin
                for counter in select d.objid::regclass as name, d.refobjid::regclass as of_table, a.attname as of_column
                                 from pg_depend d join pg_class c on c.oid = d.objid and c.relkind = 'S' join pg_namespace n on n.oid = c.relnamespace
                                 join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
                                where n.nspname in ('platform', 'events', 'tickets', 'identity') and d.deptype in ('a', 'i') and d.classid = 'pg_class'::regclass
                loop
                    execute format('select setval(%L, coalesce((select max(%I) from %s), 0) + 1000000)', counter.name, counter.of_column, counter.of_table);
                end loop;
            end
            $$
            """, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Row-level security hides rows silently: a table without the auditor's policy would be backed up empty.</summary>
    /// <exception cref="CannotRunException">There is such a table.</exception>
    public static async Task RefuseHiddenAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("""
            select coalesce(string_agg(c.oid::regclass::text, ', '), '') from pg_class c join pg_namespace n on n.oid = c.relnamespace
             where n.nspname = any ($1) and c.relkind = 'r' and c.relrowsecurity
               and not exists (select from pg_policy p where p.polrelid = c.oid and p.polcmd in ('r', '*') and pg_get_expr(p.polqual, p.polrelid) = 'true'
                                  and current_user::regrole::oid = any (p.polroles))
               and not (select rolsuper from pg_roles where rolname = current_user)
            """, connection) { Parameters = { new() { Value = Schemas } } };
        if ((string)(await command.ExecuteScalarAsync(cancellationToken))! is { Length: > 0 } hidden)
            throw new CannotRunException($"{connection.UserName} does not see all rows of {hidden}: these tables lack the policy `audit`, and a backup would miss their rows");
    }
}
