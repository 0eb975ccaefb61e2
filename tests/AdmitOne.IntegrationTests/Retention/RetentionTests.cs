using System.Diagnostics.Metrics;
using System.Net;
using AdmitOne.IntegrationTests.Drills;
using AdmitOne.IntegrationTests.Harness;

namespace AdmitOne.IntegrationTests.Retention;

/// <summary>What has been kept long enough goes by itself, what is still needed stays, and sales go on.</summary>
public sealed class RetentionTests(RetentionTests.Sweeping world) : IClassFixture<RetentionTests.Sweeping>
{
    public sealed class Sweeping(Stack stack) : World(stack, [("RETENTION_SWEEP_SECONDS", "1")]);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Messages_that_everybody_has_read_go_after_ninety_days_and_their_numbers_are_not_given_again()
    {
        var tenant = await world.NewTenantAsync();
        for (var n = 1; n <= 5; n++) await world.TellAsync("test.happened", n, tenant);
        await world.UntilNumberedAsync(tenant, 5);
        await World.UntilAsync("the webhooks have passed all", async () => await world.Ask<long>("select coalesce(min(sequence), 0) from platform.outbox_cursors where tenant_id = @tenant", new { tenant }) == 5);
        // One consumer is behind: what it has still to read stays, however old it is.
        await world.Sql("insert into platform.outbox_cursors (tenant_id, consumer, sequence) values (@tenant, 'slow-reader', 2)", new { tenant });
        await world.Sql("update platform.outbox set occurred_at = now() - interval '91 days' where tenant_id = @tenant and (data ->> 'n')::int <= 4", new { tenant });
        await World.UntilAsync("the first two are gone", async () => (await world.NumberedAsync(tenant)).Count == 3);
        await world.Sql("delete from platform.outbox_cursors where tenant_id = @tenant and consumer = 'slow-reader'", new { tenant });
        await World.UntilAsync("only the young one is left", async () => (await world.NumberedAsync(tenant)) is [{ N: 5, Sequence: 5 }]);
        await world.TellAsync("test.happened", 6, tenant);
        await world.UntilNumberedAsync(tenant, 2);
        Assert.Equal([5, 6], (await world.NumberedAsync(tenant)).Select(m => m.Sequence));
    }

    [Fact]
    public async Task Scans_go_after_four_hundred_days_but_the_one_that_admitted_stays()
    {
        var sale = await world.PutOnSaleAsync(5);
        var code = (await world.BuyCodesAsync(sale))[0].Code;
        Assert.Equal("admitted", (await (await world.ScanAsync(sale.EventId, code)).ReadAsync()).Text("result"));
        for (var i = 0; i < 3; i++) Assert.Equal("refused", (await (await world.ScanAsync(sale.EventId, code)).ReadAsync()).Text("result"));
        await (await world.ScanAsync(sale.EventId, "no code of ours")).ReadAsync();
        await world.Sql("update tickets.ticket_validations set received_at = now() - interval '401 days' where event_id = @EventId", new { sale.EventId });
        await world.Sql("""
            insert into tickets.unreadable_scans (tenant_id, event_id, minute, device_id, texts) values (@Tenant, @EventId, now() - interval '401 days', gen_random_uuid(), 7);
            insert into tickets.offline_scans (tenant_id, event_id, device_id, scan_id, outcome, reason, received_at) values (@Tenant, @EventId, gen_random_uuid(), 'old', 'accepted', 'ok', now() - interval '401 days');
            """, new { world.Tenant, sale.EventId });
        await World.UntilAsync("old attempts are gone", async () => await world.Ask<long>("""
            select (select count(*) from tickets.ticket_validations where event_id = @EventId) + (select count(*) from tickets.offline_scans where event_id = @EventId)
                 + (select count(*) from tickets.unreadable_scans where event_id = @EventId and minute < now() - interval '1 day')
            """, new { sale.EventId }) == 1);
        Assert.Equal("admitted", await world.Ask<string>("select result from tickets.ticket_validations where event_id = @EventId", new { sale.EventId }));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task Webhooks_that_were_delivered_given_up_or_handled_go_after_thirty_days_and_what_waits_stays()
    {
        var endpoint = Guid.CreateVersion7();
        await world.Sql("insert into tickets.webhook_endpoints (tenant_id, id, url, secret, types, enabled) values (@Tenant, @endpoint, 'https://hooks.example.com/', 'whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0', '{none}', false)", new { world.Tenant, endpoint });
        foreach (var (status, n) in new[] { ("delivered", 1), ("dead", 2), ("waiting", 3) })
        {
            await world.Sql("""
                insert into tickets.webhook_deliveries (tenant_id, id, endpoint_id, sequence, message_id, type, body, status, created_at, finished_at)
                values (@Tenant, gen_random_uuid(), @endpoint, @n, gen_random_uuid(), 'none', '{}', @status, now() - interval '40 days', case when @status <> 'waiting' then now() - interval '31 days' end)
                """, new { world.Tenant, endpoint, status, n });
        }
        await world.Sql("""
            insert into platform.webhook_receipts (tenant_id, source, id, type, received_at, handled_at)
            values (@Tenant, 'stripe', 'old', 'x', now() - interval '31 days', now()), (@Tenant, 'stripe', 'unhandled', 'x', now() - interval '31 days', null), (@Tenant, 'stripe', 'new', 'x', now(), now())
            """, new { world.Tenant });
        await World.UntilAsync("what is over is gone", async () =>
            await world.Ask<long>("select count(*) from tickets.webhook_deliveries where endpoint_id = @endpoint", new { endpoint }) == 1
            && await world.Ask<long>("select count(*) from platform.webhook_receipts where source = 'stripe'") == 2);
        Assert.Equal("waiting", await world.Ask<string>("select status from tickets.webhook_deliveries where endpoint_id = @endpoint", new { endpoint }));
    }

    [Fact]
    public async Task Nothing_younger_than_the_database_allows_can_be_removed_whatever_is_asked()
    {
        var tenant = await world.NewTenantAsync();
        await world.TellAsync("test.happened", 1, tenant);
        await world.UntilNumberedAsync(tenant, 1);
        Assert.Equal([0], await world.TicketsDatabase.AskForAllTenantsAsync<int>("select removed from platform.sweep_messages(interval '0', 1000, null)", null, Stop));
        Assert.Single(await world.NumberedAsync(tenant));
    }

    /// <summary>Every step looks at rows that stay before those that go: it goes on where the last one ended, and does not look at the same ones again.</summary>
    [Fact]
    public async Task Scans_that_stay_do_not_hide_those_that_go()
    {
        var sale = await world.PutOnSaleAsync(5_100);
        await world.FillAsync(sale, 5_000);
        await world.Sql("""
            insert into tickets.ticket_validations (tenant_id, id, ticket_id, event_id, direction, result, reason, gate, scanned_at, received_at)
            select tenant_id, gen_random_uuid(), ticket_id, event_id, 'in', 'refused', 'already_admitted', gate, scanned_at, received_at + interval '1 day'
              from tickets.ticket_validations where event_id = @EventId
            """, new { sale.EventId });
        await World.UntilAsync("what was refused is gone", async () => await world.Ask<long>("select count(*) from tickets.ticket_validations where event_id = @EventId", new { sale.EventId }) == 5_000);
        Assert.Equal(5_000, await world.Ask<long>("select count(*) from tickets.ticket_validations where event_id = @EventId and result = 'admitted'", new { sale.EventId }));
    }

    /// <summary>Seen failing without the catch around each sweep: the unreadable texts stayed.</summary>
    [Fact]
    public async Task A_sweep_that_fails_is_counted_by_its_kind_and_does_not_stop_those_after_it()
    {
        var failed = 0L;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listening) => { if (instrument.Name == "admitone.sweeps.failed") listening.EnableMeasurementEvents(instrument); },
        };
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) =>
        {
            foreach (var tag in tags) if (tag is { Key: "kind", Value: "receipts" }) Interlocked.Add(ref failed, value);
        });
        listener.Start();
        const string Sweep = "function platform.sweep_receipts(interval, integer, text)";
        await world.Sql($"revoke execute on {Sweep} from admitone_tickets");
        try
        {
            var sale = await world.PutOnSaleAsync(1);
            await world.Sql("insert into tickets.unreadable_scans (tenant_id, event_id, minute, device_id, texts) values (@Tenant, @EventId, now() - interval '500 days', gen_random_uuid(), 1)", new { world.Tenant, sale.EventId });
            await World.UntilAsync("a later sweep has removed its rows", async () => await world.Ask<long>("select count(*) from tickets.unreadable_scans where event_id = @EventId", new { sale.EventId }) == 0);
            await World.UntilAsync("the failure was counted", () => Task.FromResult(Interlocked.Read(ref failed) > 0));
        }
        finally
        {
            await world.Sql($"grant execute on {Sweep} to admitone_tickets");
        }
    }

    [Fact]
    public async Task A_sale_goes_on_while_five_thousand_old_rows_are_removed()
    {
        var sale = await world.PutOnSaleAsync(200);
        await world.Sql("""
            insert into tickets.unreadable_scans (tenant_id, event_id, minute, device_id, texts)
            select @Tenant, @EventId, now() - interval '500 days' - n * interval '1 minute', gen_random_uuid(), 1 from generate_series(1, 5000) n
            """, new { world.Tenant, sale.EventId });
        var answers = new List<HttpStatusCode>();
        while (await world.Ask<long>("select count(*) from tickets.unreadable_scans where event_id = @EventId", new { sale.EventId }) > 0 && answers.Count < 150)
            answers.Add((await world.BuyAsync(sale)).StatusCode);
        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.Created, answer));
        await World.UntilAsync("all are gone", async () => await world.Ask<long>("select count(*) from tickets.unreadable_scans where event_id = @EventId", new { sale.EventId }) == 0);
        await world.AssertBooksAreRightAsync(sale.EventId);
    }
}
