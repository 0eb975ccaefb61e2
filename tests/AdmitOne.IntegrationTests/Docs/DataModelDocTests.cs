using System.Globalization;
using System.Text;
using AdmitOne.Cli.Local;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Schema;
using Dapper;
using Npgsql;

namespace AdmitOne.IntegrationTests.Docs;

/// <summary>docs/data-model.md, written from a database that was just migrated: the test fails when the page says something else, and repairs it.</summary>
public sealed class DataModelDocTests(Stack stack)
{
    // Of indexes that no access path of the checklist speaks for, and that have no comment of their own in the database.
    private static readonly Dictionary<string, string> s_reasons = new()
    {
        ["ix_idempotency_keys_running"] = "Whoever settles an order finds the requests that wait for it.",
        ["ix_idempotency_keys_created"] = "Kept answers are removed by age.",
        ["ix_audit_log_newest"] = "An organiser's audit log, newest first.",
        ["ix_audit_log_resource"] = "What was done to one thing, newest first.",
        ["ix_events_slug"] = "The public address of an event, once for each organiser.",
        ["ix_events_starts"] = "The public list by date, of all organisers.",
        ["ix_events_created"] = "The public list, newest first.",
        ["ix_events_venue"] = "What is on at a venue.",
        ["ix_events_tenant_starts"] = "An organiser's own events by date.",
        ["ix_events_search"] = "Words of the search.",
        ["ix_events_clock"] = "Events that the clock must look at next.",
        ["ix_event_transitions_event"] = "The moves of an event in order.",
        ["ix_schedule_entries_event"] = "The schedule of an event in order.",
        ["ix_payments_unsettled"] = "Payments that nobody has settled, by when to ask again.",
        ["ix_refunds_order"] = "The refunds of an order.",
        ["ix_refunds_unsent"] = "Refunds whose money has not gone, by when to try again.",
        ["ix_orders_number"] = "The number that people say, once for each organiser.",
        ["ix_ticket_transfers_one_offer"] = "A ticket is offered to one at a time.",
        ["ix_ticket_transfers_recipient"] = "Offers to an address, newest first.",
        ["ix_ticket_transfers_offered_expiry"] = "Open offers by when they end.",
        ["ix_cancellations_due"] = "Cancelled events with work left, by when to go on.",
        ["ix_discounts_code"] = "A code as it is typed, once for each organiser.",
        ["ix_discount_redemptions_customer"] = "How often a customer has used a discount.",
        ["ix_devices_activation"] = "The scanner that a one-time code is for.",
        ["ix_scan_conflicts_event"] = "Conflicts of an event in order.",
        ["ix_scan_conflicts_ticket"] = "Conflicts of a ticket.",
        ["ix_mint_jobs_due"] = "Minting that waits, by when to go on.",
        ["ix_mint_jobs_status"] = "Minting by state, in order.",
        ["ix_webhook_deliveries_waiting"] = "The line at each endpoint.",
    };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private sealed record Table(string Schema, string Name, string? Comment);

    private sealed record Column(string Table, string Name, string Type, bool NotNull, string? Default, string? Comment);

    private sealed record Key(string Table, string Name, string Definition);

    private sealed record Index(string Table, string Name, string Definition, string? Comment);

    private sealed record Policy(string Table, string Name, string Command, string Roles);

    [Fact]
    public async Task The_page_of_the_data_model_says_what_the_database_has()
    {
        stack.SkipIfMissing();
        var name = await stack.NewDatabaseAsync(Cancellation);
        try
        {
            await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(stack.Postgres.ConnectionString(name)) { Pooling = false }.ConnectionString);
            await connection.OpenAsync(Cancellation);
            var text = await WriteAsync(connection);
            var page = Path.Combine(RunnableBlock.Root, "docs", "data-model.md");
            if (Environment.GetEnvironmentVariable("UPDATE_DOCS") == "1") await File.WriteAllTextAsync(page, text, Cancellation);
            Assert.True(File.Exists(page) && await File.ReadAllTextAsync(page, Cancellation) == text,
                "docs/data-model.md does not say what the database has: run UPDATE_DOCS=1 ./test --filter-class '*DataModelDocTests' and look at what changed.");
        }
        finally
        {
            await stack.DropDatabaseAsync(name);
        }
    }

    private static async Task<string> WriteAsync(NpgsqlConnection connection)
    {
        const string Ours = "n.nspname in ('platform', 'events', 'tickets', 'identity')";
        var tables = (await connection.QueryAsync<(string, string, string?)>($"select n.nspname, c.relname, obj_description(c.oid, 'pg_class') from pg_class c join pg_namespace n on n.oid = c.relnamespace where {Ours} and c.relkind = 'r' order by array_position(array['platform', 'events', 'tickets', 'identity'], n.nspname::text), 2"))
            .Select(t => new Table(t.Item1, t.Item2, t.Item3)).ToList();
        var columns = (await connection.QueryAsync<(string, string, string, bool, string?, string?)>($"""
            select n.nspname || '.' || c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum)
              from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
             where {Ours} and c.relkind = 'r' order by 1, a.attnum
            """)).Select(c => new Column(c.Item1, c.Item2, c.Item3, c.Item4, c.Item5, c.Item6)).ToLookup(column => column.Table);
        var keys = (await connection.QueryAsync<(string, string, string)>($"""
            select n.nspname || '.' || c.relname, k.conname, pg_get_constraintdef(k.oid) from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
             where {Ours} and k.contype in ('p', 'u', 'f', 'c', 'x') order by 1, position(k.contype::text in 'pufxc'), 2
            """)).Select(k => new Key(k.Item1, k.Item2, k.Item3)).ToLookup(key => key.Table);
        var indexes = (await connection.QueryAsync<(string, string, string, string?)>($"""
            select n.nspname || '.' || t.relname, i.relname, regexp_replace(pg_get_indexdef(i.oid), '^CREATE (UNIQUE )?INDEX \S+ ON \S+ USING (\S+) ', '\2 \1'), obj_description(i.oid, 'pg_class')
              from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class t on t.oid = x.indrelid join pg_namespace n on n.oid = t.relnamespace
             where {Ours} and not exists (select from pg_constraint k where k.conindid = i.oid and k.contype in ('p', 'u', 'x')) order by 1, 2
            """)).Select(i => new Index(i.Item1, i.Item2, i.Item3, i.Item4)).ToLookup(index => index.Table);
        var policies = (await connection.QueryAsync<(string, string, string, string)>("""
            select schemaname || '.' || tablename, policyname, lower(cmd), array_to_string(roles, ', ') from pg_policies where schemaname in ('platform', 'events', 'tickets', 'identity') order by 1, 2
            """)).Select(p => new Policy(p.Item1, p.Item2, p.Item3, p.Item4)).ToLookup(policy => policy.Table);
        var references = await ForeignKeys.ReadAsync(connection, Cancellation);

        var page = new StringBuilder("""
            # Data model

            Written from a migrated database by a test, which fails when they differ; to bring it up to date: `UPDATE_DOCS=1 ./test --filter-class '*DataModelDocTests'`.
            `admitone migrate validate` compares a database of yours with the same catalogue and looks for rows whose keys name nothing.

            Every table but the history of migrations has `tenant_id` as the first part of its keys (of `tenants` it is `id`), and row-level security, enabled and forced:
            the policy `tenant` shows a transaction the rows of the tenant that it named, `audit` shows all rows to the role that may only read. Money is in minor units.


            """);
        page.Append("## Picture\n\nWho points at whom, without the tenants at whom everything points.\n\n```mermaid\nerDiagram\n");
        foreach (var key in references.Where(key => key.Parent != "platform.tenants"))
            page.Append(CultureInfo.InvariantCulture, $"    {Short(key.Parent)} ||--o{{ {Short(key.Table)} : {key.Columns[^1]}\n");
        page.Append("```\n");
        foreach (var table in tables)
        {
            var full = $"{table.Schema}.{table.Name}";
            page.Append(CultureInfo.InvariantCulture, $"\n## {full}\n\n{(table.Comment is null ? "" : table.Comment + "\n\n")}| column | type | default | what it means |\n| --- | --- | --- | --- |\n");
            foreach (var column in columns[full]) page.Append(CultureInfo.InvariantCulture, $"| {column.Name} | {column.Type}{(column.NotNull ? "" : ", may be null")} | {Cell(column.Default)} | {Cell(column.Comment)} |\n");
            page.Append("\nKeys and checks:\n\n");
            foreach (var key in keys[full]) page.Append(CultureInfo.InvariantCulture, $"- `{key.Name}`: `{key.Definition}`\n");
            if (indexes[full].Any()) page.Append("\nIndexes:\n\n");
            foreach (var index in indexes[full]) page.Append(CultureInfo.InvariantCulture, $"- `{index.Name}`: {index.Definition}. {Why(table, index)}\n");
            if (policies[full].Any()) page.Append(CultureInfo.InvariantCulture, $"\nPolicies: {string.Join("; ", policies[full].Select(policy => $"`{policy.Name}` ({policy.Command}, to {policy.Roles})"))}.\n");
        }
        page.Append("\n## The thirteen foreign keys of the checklist\n\n| key | table | columns | references | on delete |\n| --- | --- | --- | --- | --- |\n");
        foreach (var key in ForeignKeys.Counted) page.Append(CultureInfo.InvariantCulture, $"| {key.Name} | {key.Table} | {string.Join(", ", key.Columns)} | {key.Parent} ({string.Join(", ", key.ParentColumns)}) | {key.OnDelete} |\n");
        page.Append("\n## The forty-two access paths of the checklist\n\nEvery query carries the tenant, so one index serves several. A test asks PostgreSQL for each plan on a filled database, and each goes by the index named here.\n\n| table | by | index | a query of this kind |\n| --- | --- | --- | --- |\n");
        foreach (var path in AccessPaths.All) page.Append(CultureInfo.InvariantCulture, $"| {path.Table} | {path.By} | {path.Index} | `{path.Sql}` |\n");
        return page.ToString().ReplaceLineEndings("\n");
    }

    private static string Why(Table table, Index index)
    {
        var paths = AccessPaths.All.Where(path => path.Index == index.Name).Select(path => path.Table == table.Name ? path.By : $"{path.Table}: {path.By}").ToList();
        if (paths.Count > 0) return $"Access paths: {string.Join("; ", paths)}.";
        return index.Comment ?? s_reasons.GetValueOrDefault(index.Name, "Why, nobody has said yet.");
    }

    private static string Short(string table) => table.Split('.')[1];

    private static string Cell(string? text) => (text ?? "").Replace("|", "\\|", StringComparison.Ordinal).ReplaceLineEndings(" ");
}
