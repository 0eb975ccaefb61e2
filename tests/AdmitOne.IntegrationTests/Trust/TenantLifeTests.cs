using System.Net;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Tenancy;
using Dapper;
using Microsoft.Extensions.DependencyInjection;

namespace AdmitOne.IntegrationTests.Trust;

/// <summary>An organiser is made, suspended, resumed, and deleted with everything that was theirs.</summary>
public sealed class TenantLifeTests(World world) : IClassFixture<World>
{
    private static readonly Guid s_platform = Guid.Parse("00000000-0000-7000-8000-000000000001");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_suspended_organiser_is_refused_within_seconds_and_goes_on_when_resumed()
    {
        using var platform = world.Tickets(Roles.Admin, tenant: s_platform);
        var made = await platform.MakeAsync("/api/v1/admin/tenants", new { slug = "quayside", name = "Quayside", limitMultiplier = 2.5 });
        Assert.Equal(("quayside", "active", 2.5), (made.Text("slug"), made.Text("status"), made.GetProperty("limitMultiplier").GetDouble()));
        using var again = await platform.PostAsync("/api/v1/admin/tenants", new { slug = "quayside", name = "Other" });
        Assert.Equal("already_exists", await again.RefusedAsync(HttpStatusCode.Conflict));
        Assert.Contains((await platform.GetJsonAsync("/api/v1/admin/tenants?limit=100")).Items(), tenant => tenant.Id() == made.Id());

        using var person = world.Tickets(Roles.Customer, tenant: made.Id());
        await person.GetJsonAsync("/api/v1/orders");
        await (await platform.PostAsync($"/api/v1/admin/tenants/{made.Id()}/suspend", null, Stop)).ReadAsync();
        await World.UntilAsync(async () => (await person.GetAsync("/api/v1/orders", Stop)).StatusCode == HttpStatusCode.Forbidden);
        using var refused = await person.GetAsync("/api/v1/orders", Stop);
        Assert.Equal("tenant_suspended", await refused.RefusedAsync(HttpStatusCode.Forbidden));

        await (await platform.PostAsync($"/api/v1/admin/tenants/{made.Id()}/resume", null, Stop)).ReadAsync();
        await World.UntilAsync(async () => (await person.GetAsync("/api/v1/orders", Stop)).StatusCode == HttpStatusCode.OK);
    }

    [Fact]
    public async Task What_a_suspended_organiser_puts_on_is_not_there_for_the_public_until_it_is_resumed()
    {
        using var platform = world.Tickets(Roles.Admin, tenant: s_platform);
        var tenant = (await platform.MakeAsync("/api/v1/admin/tenants", new { slug = "pier", name = "Pier" })).Id();
        var sale = await world.PutOnSaleAsync(10, new SaleOptions { Tenant = tenant });
        using var events = world.Events();
        using var tickets = world.Tickets();
        using var visitor = world.Tickets(Roles.Customer, tenant: world.OtherTenant);
        var slug = (await events.GetJsonAsync($"/api/v1/events/{sale.EventId}")).Text("slug");
        (HttpClient Client, string Path)[] pages =
        [
            (events, $"/api/v1/events/{sale.EventId}"), (events, $"/api/v1/events/{slug}?organizer=pier"), (events, $"/api/v1/events/{sale.EventId}/schedule"), (events, $"/api/v1/events/{sale.EventId}/sections"),
            (events, $"/api/v1/events/{sale.EventId}/calendar.ics"), (tickets, $"/api/v1/events/{sale.EventId}/ticket-types"), (tickets, $"/api/v1/events/{sale.EventId}/availability"),
            (visitor, $"/api/v1/events/{sale.EventId}/availability"), (tickets, $"/api/v1/ticket-types/{sale.TicketTypeId}"),
        ];
        (HttpClient Client, string Path)[] lists = [(events, "/api/v1/events?organizer=pier"), (events, $"/api/v1/events?q=evening&organizer=pier&limit=100")];
        async Task<int[]> AskAsync() => await Task.WhenAll(pages.Select(async page =>
        {
            using var answer = await page.Client.GetAsync(page.Path, Stop);
            return (int)answer.StatusCode;
        }));
        async Task<int> ListedAsync() => (await Task.WhenAll(lists.Select(async list => (await list.Client.GetJsonAsync(list.Path)).Items().Count))).Sum();
        Assert.All(await AskAsync(), status => Assert.Equal(200, status));
        Assert.True(await ListedAsync() > 0);

        await (await platform.PostAsync($"/api/v1/admin/tenants/{tenant}/suspend", null, Stop)).ReadAsync();
        await World.UntilAsync(async () => (await AskAsync()).All(status => status == 404) && await ListedAsync() == 0);
        using (var quote = await tickets.PostAsync($"/api/v1/quotes", new { eventId = sale.EventId, items = new[] { new { ticketTypeId = sale.TicketTypeId, quantity = 1 } } }))
            Assert.NotEqual(HttpStatusCode.OK, quote.StatusCode);
        await (await platform.PostAsync($"/api/v1/admin/tenants/{tenant}/resume", null, Stop)).ReadAsync();
        await World.UntilAsync(async () => (await AskAsync()).All(status => status == 200) && await ListedAsync() > 0);
    }

    [Fact]
    public async Task However_many_ask_about_an_organiser_at_once_one_reads_it()
    {
        var directory = new TenantDirectory(world.TicketsServices.GetRequiredService<Database>(), TimeProvider.System);
        await using var holder = await world.ConnectAsync();
        await using var held = await holder.BeginTransactionAsync(Stop);
        await holder.ExecuteAsync("lock table platform.tenants in access exclusive mode");
        var asked = Enumerable.Range(0, 50).Select(_ => directory.FindStatusAsync(world.Tenant, Stop).AsTask()).ToArray();

        await World.UntilAsync(async () => await ReadingAsync() > 0);
        Assert.Equal(1, await ReadingAsync());
        await held.RollbackAsync(Stop);
        Assert.All(await Task.WhenAll(asked), status => Assert.Equal(TenantStatus.Active, status));

        // Not on the holder's connection: a transaction sees the sessions as they were when it first looked.
        Task<int> ReadingAsync() => world.Ask<int>(
            "select count(*)::int from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%limit_multiplier%'");
    }

    [Fact]
    public async Task Only_an_administrator_of_the_platform_itself_keeps_organisers()
    {
        foreach (var (role, tenant) in new[] { (Roles.Admin, world.Tenant), (Roles.VenueManager, s_platform), (Roles.Ops, s_platform) })
        {
            using var somebody = world.Tickets(role, tenant: tenant);
            using var refused = await somebody.GetAsync("/api/v1/admin/tenants", Stop);
            Assert.Equal("role_required", await refused.RefusedAsync(HttpStatusCode.Forbidden));
        }
        using var platform = world.Tickets(Roles.Admin, tenant: s_platform);
        using var own = await platform.PostAsync($"/api/v1/admin/tenants/{s_platform}/suspend", null, Stop);
        Assert.Equal("edit_not_allowed", await own.RefusedAsync(HttpStatusCode.Conflict));
        using var active = await platform.DeleteAsync($"/api/v1/admin/tenants/{world.OtherTenant}", Stop);
        Assert.Equal("edit_not_allowed", await active.RefusedAsync(HttpStatusCode.Conflict));
        using var unknown = await platform.DeleteAsync($"/api/v1/admin/tenants/{Guid.CreateVersion7()}", Stop);
        Assert.Equal("not_found", await unknown.RefusedAsync(HttpStatusCode.NotFound));
    }

    [Fact]
    public async Task A_deleted_organisers_rows_are_gone_from_every_table_and_nobody_elses()
    {
        using var platform = world.Tickets(Roles.Admin, tenant: s_platform);
        var tenant = (await platform.MakeAsync("/api/v1/admin/tenants", new { slug = "harbour", name = "Harbour Stage" })).Id();
        foreach (var whose in new[] { tenant, world.OtherTenant })
        {
            var sale = await world.PutOnSaleAsync(10, new SaleOptions { Tenant = whose });
            var codes = await world.BuyCodesAsync(sale, 2);
            await (await world.ScanAsync(sale.EventId, codes[0].Code, tenant: whose)).ReadAsync();
            await (await world.HoldAsync(sale, 3)).ReadAsync(HttpStatusCode.Created);
            using var manager = world.Tickets(Roles.VenueManager, tenant: whose);
            await manager.MakeAsync("/api/v1/webhook-endpoints", new { url = "https://hooks.harbour.example/" });
        }
        var others = await RowsAsync(world.OtherTenant);
        Assert.True((await RowsAsync(tenant)).Count > 10);

        await (await platform.PostAsync($"/api/v1/admin/tenants/{tenant}/suspend", null, Stop)).ReadAsync();
        await (await platform.DeleteAsync($"/api/v1/admin/tenants/{tenant}", Stop)).ReadAsync();
        await World.UntilAsync(async () =>
            await world.Ask<int>("select count(*)::int from platform.tenants where id = @tenant", new { tenant }) == 0);
        Assert.Empty(await RowsAsync(tenant));
        Assert.Empty(others.Keys.Where(table => !table.EndsWith("_waiting", StringComparison.Ordinal)).Except((await RowsAsync(world.OtherTenant)).Keys));   // what waits is sealed and numbered meanwhile
        await world.AssertBooksAreRightAsync(tenant: world.OtherTenant);
        using var ghost = world.Tickets(Roles.Admin, tenant: tenant);
        await World.UntilAsync(async () => await (await ghost.GetAsync("/api/v1/orders", Stop)).RefusedAnywayAsync() == "token_invalid");
    }

    [Fact]
    public async Task The_worker_may_remove_a_deleted_organisers_rows_from_every_table_that_has_any()
    {
        await using var superuser = await world.ConnectAsync();
        Assert.Empty(await superuser.QueryAsync<string>("""
            select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
              join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
             where n.nspname in ('platform', 'events', 'tickets') and c.relkind = 'r'
               and not (has_table_privilege('admitone_worker', c.oid, 'delete')
                        and exists (select from pg_policy p
                                     where p.polrelid = c.oid and p.polcmd in ('d', '*') and 'admitone_worker'::regrole = any (p.polroles)))
            """));
    }

    private async Task<Dictionary<string, long>> RowsAsync(Guid tenant)
    {
        await using var superuser = await world.ConnectAsync();
        var found = new Dictionary<string, long>();
        foreach (var table in await superuser.QueryAsync<string>("""
            select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
             where n.nspname in ('platform', 'events', 'tickets', 'identity') and c.relkind = 'r'
            """))
        {
            var rows = await superuser.ExecuteScalarAsync<long>($"select count(*) from {table} where tenant_id = @tenant", new { tenant });
            if (rows > 0) found[table] = rows;
        }
        return found;
    }
}

internal static class Refusals
{
    /// <returns>The problem's code, whatever the status; empty if it is no problem.</returns>
    public static async Task<string> RefusedAnywayAsync(this HttpResponseMessage answer) =>
        answer.IsSuccessStatusCode ? "" : await answer.RefusedAsync(answer.StatusCode);
}
