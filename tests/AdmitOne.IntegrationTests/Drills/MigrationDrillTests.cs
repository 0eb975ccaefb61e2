using System.Diagnostics;
using System.Globalization;
using AdmitOne.Cli.Local;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.IntegrationTests.Schema;
using AdmitOne.Schema;
using Dapper;
using Npgsql;

namespace AdmitOne.IntegrationTests.Drills;

/// <summary>
/// A million rows, and a sale that never stops: from each earlier version to the newest, down to each earlier version, and up again. No request
/// fails, and no lock that keeps a sale from writing is held for two seconds.
/// </summary>
[Trait("Category", "Long")]
public sealed class MigrationDrillTests(Stack stack)
{
    private const int Buyers = 4;
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(2);

    // Four tickets each; with their holds, payments, lines and scans a million rows. Fewer only to try the drill itself out.
    private static readonly int s_orders = int.Parse(Environment.GetEnvironmentVariable("ADMITONE_DRILL_ORDERS") ?? "100000", CultureInfo.InvariantCulture);

    // Every table's, counted.
    private const string Rows = """
        select sum((xpath('/row/n/text()', query_to_xml('select count(*) as n from ' || c.oid::regclass, false, true, '')))[1]::text::bigint)::bigint
          from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r' and n.nspname in ('platform', 'events', 'tickets')
        """;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_million_rows_go_through_every_version_and_back_while_tickets_are_sold()
    {
        await using var database = await EmptyDatabase.MakeAsync();
        var migrator = database.Migrator(MigrationSet.Product, line => TestContext.Current.TestOutputHelper?.WriteLine(line));
        await migrator.UpAsync(1, Cancellation);
        await FillAsync(database);
        var tickets = await database.AskAsync<long>("select count(*) from tickets.tickets");
        var rows = await database.AskAsync<long>(Rows);

        var login = new NpgsqlConnectionStringBuilder((stack.Postgres with { Database = database.Name, User = DatabaseRoles.Tickets, Password = stack.Passwords[DatabaseRoles.Tickets] }).ConnectionString())
        {
            MaxPoolSize = Buyers, MaxAutoPrepare = 100, AutoPrepareMinUsages = 2, Options = "-c statement_timeout=5000", CommandTimeout = 10,
        };
        await using var source = NpgsqlDataSource.Create(login.ConnectionString);
        var steps = new List<Step>();
        long sold;
        DrillReport report;
        await using (var watch = new LockWatch(database.ConnectionString))
        await using (var sale = new PlainSale(source))
        {
            sale.Start(Buyers);
            async Task GoAsync(int from, int to)
            {
                watch.Take();
                sale.TakeLongest();
                var before = sale.Requests;
                var clock = Stopwatch.StartNew();
                if (to > from) await migrator.UpAsync(to, Cancellation); else await migrator.DownAsync(to, Cancellation);
                var (held, which) = watch.Take();
                steps.Add(new Step(from, to, clock.Elapsed, held, which, sale.TakeLongest(), sale.Requests - before));
            }

            for (var version = 1; version < Migrator.Latest; version++) await GoAsync(version, version + 1);
            for (var earliest = Migrator.Latest - 1; earliest >= 1; earliest--)
            {
                await GoAsync(Migrator.Latest, earliest);
                await GoAsync(earliest, Migrator.Latest);
            }
            await sale.StopAsync();
            sold = sale.Requests;
            report = Report(steps, sale, rows, tickets);
            report.Write("migration", hasPassed: false);
            Assert.Empty(sale.Failures);
        }
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync(Cancellation);
        Assert.Empty(Catalogue.Compare(Catalogue.Expected, await Catalogue.ReadAsync(connection, Cancellation)));
        Assert.Equal(tickets + sold, await database.AskAsync<long>("select count(*) from tickets.tickets"));
        Assert.Equal(0, await connection.ExecuteScalarAsync<long>(new CommandDefinition("select count(*) from tickets.stock s where s.sold <> (select count(*) from tickets.tickets t where t.ticket_type_id = s.ticket_type_id and t.tenant_id = s.tenant_id)", commandTimeout: 300, cancellationToken: Cancellation)));
        Assert.All(steps, step => Assert.True(step.Held < s_longest, $"{step.From:000} to {step.To:000}: {step.Which} held {step.Held.TotalSeconds:F2} s"));
        report.Write("migration");
    }

    private static async Task FillAsync(EmptyDatabase database)
    {
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync(Cancellation);
        foreach (var sql in FilledDatabase.Statements(s_orders)) await connection.ExecuteAsync(new CommandDefinition(sql, commandTimeout: 0, cancellationToken: Cancellation));
    }

    private static DrillReport Report(IReadOnlyList<Step> steps, PlainSale sale, long rows, long tickets) => new DrillReport(
        "Every version and back, with a million rows and a sale on them", "UPDATE_DOCS=1 ./test --long --filter-class '*MigrationDrillTests'",
        [
            new("rows before", rows.ToString("N0", CultureInfo.InvariantCulture)),
            new("of them tickets", tickets.ToString("N0", CultureInfo.InvariantCulture)),
            new("requests during the drill", sale.Requests.ToString("N0", CultureInfo.InvariantCulture)),
            new("of them failed", sale.Failures.Count.ToString(CultureInfo.InvariantCulture)),
            new("transactions that lost to a migration and were repeated", sale.Repeated.ToString(CultureInfo.InvariantCulture)),
            new("longest that a table was closed to writing", $"{Seconds(steps.Max(step => step.Held))} s"),
            new("longest that a buyer waited", $"{Seconds(steps.Max(step => step.Waited))} s"),
            new("all steps together", $"{steps.Sum(step => step.Took.TotalSeconds).ToString("F0", CultureInfo.InvariantCulture)} s"),
        ],
        ["from", "to", "took, s", "longest lock against writing, s", "of", "longest wait of a buyer, s", "requests"],
        [.. steps.Select(step => (IReadOnlyList<string>)[$"{step.From:000}", $"{step.To:000}", Seconds(step.Took), Seconds(step.Held), step.Which, Seconds(step.Waited), step.Requests.ToString(CultureInfo.InvariantCulture)])]);

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("F2", CultureInfo.InvariantCulture);

    private sealed record Step(int From, int To, TimeSpan Took, TimeSpan Held, string Which, TimeSpan Waited, long Requests);
}
