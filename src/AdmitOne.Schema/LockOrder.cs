using System.Text.RegularExpressions;

namespace AdmitOne.Schema;

/// <summary>
/// Locks first what a migration in one transaction is going to change, in the order in which a purchase comes to the tables. In the order of its own
/// statements it would hold one table and wait for another while a purchase does so the other way round: a deadlock, which one of them loses.
/// </summary>
internal static partial class LockOrder
{
    // The order of a purchase's locks, with what foreign keys make a purchase look at. Whatever is not named here comes last, by name.
    private static readonly string[] s_first =
    [
        "platform.idempotency_keys", "events.events", "events.sections", "tickets.ticket_types", "tickets.discounts", "tickets.section_stock", "tickets.stock", "tickets.reservations",
        "platform.users", "platform.tenants", "tickets.orders", "tickets.order_items", "tickets.payments", "tickets.tickets", "platform.outbox", "tickets.ticket_validations", "tickets.admissions",
    ];

    /// <summary>The statements with the locks after the first of them, which says how long to wait; as they are, if they change less than two tables.</summary>
    public static IReadOnlyList<string> With(IReadOnlyList<string> statements)
    {
        // A block that makes its own statements out of the catalogue may change any table.
        var all = statements.Any(statement => Dynamic().IsMatch(statement) && !Literal().IsMatch(statement));
        var tables = statements.SelectMany(statement => Changed().Matches(statement).Concat(Dynamic().IsMatch(statement) ? Literal().Matches(statement) : []))
            .Select(match => match.Groups["table"].Value.ToLowerInvariant()).Distinct().Order(StringComparer.Ordinal).ToList();
        return statements.Count < 2 || (!all && tables.Count < 2) ? statements : [statements[0], Lock(all ? null : tables), .. statements.Skip(1)];
    }

    private static string Lock(List<string>? tables) => $"""
        do $locks$
        declare
            t record;
        begin
            for t in select n.nspname || '.' || c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
                      where c.relkind = 'r' and {(tables is null ? "n.nspname in ('platform', 'events', 'tickets') and c.relname <> 'schema_migrations'" : $"n.nspname || '.' || c.relname in ({string.Join(", ", tables.Select(table => $"'{table}'"))})")}
                      order by array_position(array[{string.Join(", ", s_first.Select(table => $"'{table}'"))}], n.nspname || '.' || c.relname) nulls last, 1
            loop
                execute 'lock table ' || t.name || ' in access exclusive mode';
            end loop;
        end
        $locks$
        """;

    [GeneratedRegex(@"\b(?:alter\s+table|drop\s+trigger\s+\w+\s+on|create\s+trigger\s+\w+[^;]*?\son|create\s+policy\s+\w+\s+on|drop\s+policy\s+\w+\s+on|create\s+(?:unique\s+)?index\s+\w+\s+on)\s+(?:only\s+|if\s+exists\s+)?(?<table>[a-z_]+\.[a-z_]+)", RegexOptions.IgnoreCase)]
    private static partial Regex Changed();

    [GeneratedRegex(@"format\('(?:alter table|create policy \w+ on|drop policy \w+ on|drop policy if exists \w+ on) %", RegexOptions.IgnoreCase)]
    private static partial Regex Dynamic();

    [GeneratedRegex(@"'(?<table>(?:platform|events|tickets)\.[a-z_]+)'")]
    private static partial Regex Literal();
}
