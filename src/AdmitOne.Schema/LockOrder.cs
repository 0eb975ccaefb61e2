using System.Text.RegularExpressions;

namespace AdmitOne.Schema;

/// <summary>
/// Locks first what a migration in one transaction is going to change, in the order in which a purchase comes to the tables: in the order of its own
/// statements it would hold one and wait for another while a purchase does so the other way round. And it gives up sooner than PostgreSQL looks for a
/// deadlock (deadlock_timeout, 1 s), which would throw out the purchase as often as the migration.
/// </summary>
internal static partial class LockOrder
{
    private const string Patience = "400ms";

    // The order of a purchase's locks, with what foreign keys make a purchase look at. Whatever is not named here comes last, by name.
    private static readonly string[] s_first =
    [
        "platform.idempotency_keys", "platform.tenants", "events.sale_window", "events.events", "events.sections", "tickets.discounts", "tickets.discount_redemptions", "tickets.section_stock",
        "tickets.stock", "tickets.ticket_types", "tickets.reservations", "platform.users", "tickets.orders", "tickets.order_items", "tickets.payments", "tickets.tickets",
        "platform.outbox", "platform.outbox_waiting", "tickets.ticket_validations", "tickets.admissions",
    ];

    /// <summary>The statements of a file in one transaction, with the locks after the first of them; as they are, if they touch less than two tables.</summary>
    public static IReadOnlyList<string> With(IReadOnlyList<string> statements)
    {
        // A block that makes its own statements out of the catalogue may change any table.
        var all = statements.Any(statement => Dynamic().IsMatch(statement) && (!Literal().IsMatch(statement) || Catalogue().IsMatch(statement)));
        var tables = statements.SelectMany(statement => Names(Changed(), statement).Concat(Dynamic().IsMatch(statement) ? Names(Literal(), statement) : [])).Distinct().Order(StringComparer.Ordinal).ToList();
        var indexes = statements.SelectMany(statement => Names(DroppedIndex(), statement)).Distinct().Order(StringComparer.Ordinal).ToList();
        var drops = statements.Any(Drop().IsMatch);
        if (statements.Count < 2 || (!all && !drops && tables.Count + indexes.Count < 2)) return statements;
        var ids = all
            ? "select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname in ('platform', 'events', 'tickets') and c.relname <> 'schema_migrations'"
            : $"select to_regclass(name)::oid from unnest({Array(tables)}) name union select indrelid from pg_index where indexrelid in (select to_regclass(name) from unnest({Array(indexes)}) name)";
        return [statements[0], Lock(ids, drops), .. statements.Skip(1)];
    }

    /// <summary>The statements of a file that commits one by one: where it says how long to wait for a lock, it waits no longer than a purchase can bear.</summary>
    public static IReadOnlyList<string> Patiently(IReadOnlyList<string> statements) =>
        [.. statements.SelectMany(statement => SaysHowLong().IsMatch(statement) ? [statement, $"set lock_timeout = '{Patience}'"] : new[] { statement })];

    // Dropping a table or a key locks the table that the key names as well, and takes it down from there.
    private static string Lock(string ids, bool drops) => $"""
        do $locks$
        declare
            t record;
            begun timestamptz := clock_timestamp();
        begin
            perform set_config('lock_timeout', '{Patience}', true);
            for t in with changed (oid) as ({ids}), locked as (select oid from changed{(drops ? " union select k.confrelid from pg_constraint k join changed on changed.oid = k.conrelid where k.contype = 'f'" : "")})
                     select n.nspname || '.' || c.relname as name from locked join pg_class c on c.oid = locked.oid join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'v')
                      order by array_position({Array(s_first)}, n.nspname || '.' || c.relname) nulls last, 1
            loop
                execute 'lock table ' || t.name || ' in access exclusive mode';
                if clock_timestamp() - begun > interval '1 second' then raise exception 'the tables are too much in use' using errcode = 'lock_not_available'; end if;
            end loop;
        end
        $locks$
        """;

    private static string Array(IEnumerable<string> names) => $"array[{string.Join(", ", names.Select(name => $"'{name}'"))}]::text[]";

    private static IEnumerable<string> Names(Regex pattern, string statement) =>
        pattern.Matches(statement).SelectMany(match => match.Groups["table"].Captures).Select(capture => capture.Value.ToLowerInvariant());

    [GeneratedRegex(@"\b(?:alter\s+table|drop\s+table|drop\s+view|create\s+(?:or\s+replace\s+)?view|references|drop\s+trigger\s+\w+\s+on|create\s+trigger\s+\w+[^;]*?\son|create\s+policy\s+\w+\s+on|drop\s+policy\s+(?:if\s+exists\s+)?\w+\s+on|create\s+(?:unique\s+)?index\s+\w+\s+on)\s+(?:only\s+|if\s+exists\s+)?(?<table>[a-z_]+\.[a-z_]+)(?:\s*,\s*(?<table>[a-z_]+\.[a-z_]+))*", RegexOptions.IgnoreCase)]
    private static partial Regex Changed();

    [GeneratedRegex(@"\bdrop\s+index\s+(?:if\s+exists\s+)?(?<table>[a-z_]+\.[a-z_]+)", RegexOptions.IgnoreCase)]
    private static partial Regex DroppedIndex();

    [GeneratedRegex(@"\bdrop\s+(?:table|constraint|column)\b", RegexOptions.IgnoreCase)]
    private static partial Regex Drop();

    [GeneratedRegex(@"^\s*set\s+lock_timeout\b", RegexOptions.IgnoreCase | RegexOptions.Multiline)]
    private static partial Regex SaysHowLong();

    [GeneratedRegex(@"format\('(?:alter table|create policy \w+ on|drop policy \w+ on|drop policy if exists \w+ on) %", RegexOptions.IgnoreCase)]
    private static partial Regex Dynamic();

    [GeneratedRegex(@"\bfrom\s+pg_(?:class|constraint|policy|policies|tables)\b", RegexOptions.IgnoreCase)]
    private static partial Regex Catalogue();

    [GeneratedRegex(@"'(?<table>(?:platform|events|tickets)\.[a-z_]+)'")]
    private static partial Regex Literal();
}
