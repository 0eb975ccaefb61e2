using System.Globalization;
using Npgsql;

namespace AdmitOne.Schema;

/// <summary>A foreign key: the columns of a table that name a row of another.</summary>
/// <param name="Columns">Of <paramref name="Table"/>, in order; the last one is the key's own, the others lead to the tenant.</param>
/// <param name="OnDelete">cascade, restrict, set null or no action.</param>
public sealed record ForeignKey(string Name, string Table, IReadOnlyList<string> Columns, string Parent, IReadOnlyList<string> ParentColumns, string OnDelete);

/// <summary>Rows whose key names nothing.</summary>
/// <param name="Ids">Of the first few, by their primary keys.</param>
public sealed record Orphans(ForeignKey Key, long Count, IReadOnlyList<string> Ids);

/// <summary>The keys by which rows hold on to one another, and the search for rows that have lost their hold.</summary>
public static class ForeignKeys
{
    private const int Samples = 10;

    /// <summary>The thirteen that the production checklist counts.</summary>
    public static IReadOnlyList<ForeignKey> Counted { get; } =
    [
        new("ticket_types_event_id_fkey", "tickets.ticket_types", ["tenant_id", "event_id"], "events.events", ["tenant_id", "id"], "cascade"),
        new("ticket_types_tenant_id_fkey", "tickets.ticket_types", ["tenant_id"], "platform.tenants", ["id"], "cascade"),
        new("reservations_ticket_type_id_fkey", "tickets.reservations", ["tenant_id", "ticket_type_id"], "tickets.ticket_types", ["tenant_id", "id"], "restrict"),
        new("reservations_user_id_fkey", "tickets.reservations", ["tenant_id", "user_id"], "platform.users", ["tenant_id", "id"], "cascade"),
        new("reservations_tenant_id_fkey", "tickets.reservations", ["tenant_id"], "platform.tenants", ["id"], "cascade"),
        new("tickets_ticket_type_id_fkey", "tickets.tickets", ["tenant_id", "ticket_type_id"], "tickets.ticket_types", ["tenant_id", "id"], "restrict"),
        new("tickets_user_id_fkey", "tickets.tickets", ["tenant_id", "user_id"], "platform.users", ["tenant_id", "id"], "set null"),
        new("tickets_reservation_id_fkey", "tickets.tickets", ["tenant_id", "reservation_id"], "tickets.reservations", ["tenant_id", "id"], "set null"),
        new("tickets_tenant_id_fkey", "tickets.tickets", ["tenant_id"], "platform.tenants", ["id"], "cascade"),
        new("ticket_validations_ticket_id_fkey", "tickets.ticket_validations", ["tenant_id", "ticket_id"], "tickets.tickets", ["tenant_id", "id"], "cascade"),
        new("ticket_validations_validated_by_fkey", "tickets.ticket_validations", ["tenant_id", "validated_by"], "platform.users", ["tenant_id", "id"], "set null"),
        new("orders_user_id_fkey", "tickets.orders", ["tenant_id", "user_id"], "platform.users", ["tenant_id", "id"], "set null"),
        new("orders_tenant_id_fkey", "tickets.orders", ["tenant_id"], "platform.tenants", ["id"], "cascade"),
    ];

    /// <summary>The keys that a database has, and those of the thirteen that it is yet to get.</summary>
    public static async Task<IReadOnlyList<ForeignKey>> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        var keys = new List<ForeignKey>();
        await using (var command = new NpgsqlCommand("""
            select k.conname, k.conrelid::regclass::text, k.confrelid::regclass::text,
                   array(select a.attname::text from unnest(k.conkey) with ordinality c (number, place) join pg_attribute a on a.attrelid = k.conrelid and a.attnum = c.number order by place),
                   array(select a.attname::text from unnest(k.confkey) with ordinality c (number, place) join pg_attribute a on a.attrelid = k.confrelid and a.attnum = c.number order by place),
                   case k.confdeltype when 'c' then 'cascade' when 'r' then 'restrict' when 'n' then 'set null' when 'd' then 'set default' else 'no action' end
              from pg_constraint k join pg_namespace n on n.oid = k.connamespace
             where k.contype = 'f' and n.nspname in ('platform', 'events', 'tickets', 'identity') order by 2, 1
            """, connection))
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
            while (await reader.ReadAsync(cancellationToken))
                keys.Add(new ForeignKey(reader.GetString(0), reader.GetString(1), reader.GetFieldValue<string[]>(3), reader.GetString(2), reader.GetFieldValue<string[]>(4), reader.GetString(5)));
        return [.. Counted.Where(key => keys.TrueForAll(known => known.Name != key.Name)).Concat(keys).OrderBy(key => key.Table, StringComparer.Ordinal).ThenBy(key => key.Name, StringComparer.Ordinal)];
    }

    /// <summary>Looks for rows whose key names nothing, one key a statement. Nothing is changed.</summary>
    /// <param name="connection">Of a role that sees every tenant's rows, such as admitone_audit: row-level security hides the others' from all else, the owner too.</param>
    /// <returns>Null if there are none.</returns>
    public static async Task<Orphans?> FindOrphansAsync(NpgsqlConnection connection, ForeignKey key, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(key);
        var (child, own) = (Quoted(key.Table), string.Join(", ", key.Columns.Select(column => $"c.{Quoted(column)}")));
        var parent = string.Join(", ", key.ParentColumns.Select(column => $"p.{Quoted(column)}"));
        var given = string.Join(" and ", key.Columns.Select(column => $"c.{Quoted(column)} is not null"));
        var names = await PrimaryKeyAsync(connection, key.Table, cancellationToken);
        var id = string.Join(" || '/' || ", names.Select(column => $"c.{Quoted(column)}::text"));
        await using var command = new NpgsqlCommand(string.Create(CultureInfo.InvariantCulture, $"""
            select count(*), coalesce((array_agg({id} order by {id}))[1:{Samples}], array[]::text[]) from {child} c
             where {given} and not exists (select from {Quoted(key.Parent)} p where ({parent}) = ({own}))
            """), connection) { CommandTimeout = 0 };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var count = reader.GetInt64(0);
        return count == 0 ? null : new Orphans(key, count, reader.GetFieldValue<string[]>(1));
    }

    // What tells a row from the others of its tenant; the tenant itself where nothing else does.
    private static async Task<IReadOnlyList<string>> PrimaryKeyAsync(NpgsqlConnection connection, string table, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("""
            select array(select a.attname::text from pg_index i cross join unnest(i.indkey::int2[]) with ordinality c (number, place)
                           join pg_attribute a on a.attrelid = i.indrelid and a.attnum = c.number where i.indrelid = to_regclass($1) and i.indisprimary order by place)
            """, connection) { Parameters = { new() { Value = table } } };
        var columns = (string[])(await command.ExecuteScalarAsync(cancellationToken))!;
        return columns is ["tenant_id", _, ..] ? columns[1..] : columns;
    }

    private static string Quoted(string name) => string.Join('.', name.Split('.').Select(part => $"\"{part.Replace("\"", "", StringComparison.Ordinal)}\""));
}
