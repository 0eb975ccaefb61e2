using System.Net;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Orders;

/// <summary>What was bought, for who bought it and for who sold it.</summary>
public sealed class OrderTests(World world) : IClassFixture<World>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_receipt_has_every_line_and_its_page_escapes_what_people_typed()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5, new SaleOptions
        {
            StartsIn = TimeSpan.FromDays(3), TicketType = new Dictionary<string, object?> { ["name"] = "<b>Front</b> & \"centre\"" },
        });
        var order = await world.BoughtAsync(sale, quantity: 3);
        await (await world.RefundAsync(order, [order.Tickets[0]])).ReadAsync(HttpStatusCode.Created);
        using var buyer = world.Tickets(Roles.Customer, order.Buyer);
        var receipt = await buyer.GetJsonAsync($"/api/v1/orders/{order.OrderId}/receipt");
        Assert.Equal((7500, 7500, 2500), (Amount(receipt, "total"), receipt.Items("lines").Sum(l => Amount(l, "amount")), Amount(receipt.Items("refunds").Single(), "amount")));
        Assert.Equal(("Our Hall", "<b>Front</b> & \"centre\""), (receipt.Text("soldBy"), receipt.Items("lines")[0].Text("label")));

        var page = await (await buyer.GetAsync($"/api/v1/orders/{order.OrderId}/receipt?format=html", Cancellation)).Content.ReadAsStringAsync(Cancellation);
        Assert.Contains("&lt;b&gt;Front&lt;/b&gt; &amp;", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<b>Front", page, StringComparison.Ordinal);
        Assert.Contains("75.00 EUR", page, StringComparison.Ordinal);
        using var stranger = world.Tickets(Roles.Customer);
        Assert.Equal("not_owner", await (await stranger.GetAsync($"/api/v1/orders/{order.OrderId}/receipt", Cancellation)).RefusedAsync(HttpStatusCode.Forbidden));
    }

    [Fact]
    public async Task Lists_go_on_by_cursor_and_a_manager_chooses_event_and_status()
    {
        var sale = await world.PutOnSaleAsync(quantity: 20, new SaleOptions { StartsIn = TimeSpan.FromDays(3) });
        var buyer = Guid.CreateVersion7();
        var mine = new List<Bought>();
        for (var n = 0; n < 5; n++) mine.Add(await world.BoughtAsync(sale, buyer: buyer));
        var others = await world.BoughtAsync(sale);
        await (await world.RefundAsync(mine[2])).ReadAsync(HttpStatusCode.Created);

        using var client = world.Tickets(Roles.Customer, buyer);
        var seen = new List<Guid>();
        string? cursor = null;
        do
        {
            var page = await client.GetJsonAsync($"/api/v1/orders?limit=2{(cursor is null ? "" : $"&cursor={cursor}")}");
            seen.AddRange(page.Items().Select(o => o.Id()));
            cursor = page.GetProperty("nextCursor").GetString();
        }
        while (cursor is not null);
        Assert.Equal(mine.Select(o => o.OrderId).Reverse(), seen);

        using var manager = world.Tickets(Roles.VenueManager);
        Assert.Equal([mine[2].OrderId], (await manager.GetJsonAsync($"/api/v1/orders?eventId={sale.EventId}&status=refunded")).Items().Select(o => o.Id()));
        Assert.Equal(5, (await manager.GetJsonAsync($"/api/v1/orders?eventId={sale.EventId}&status=paid")).Items().Count);
        Assert.Contains((await manager.GetJsonAsync($"/api/v1/orders?eventId={sale.EventId}")).Items(), o => o.Id() == others.OrderId);
        Assert.Equal("validation_failed", await (await manager.GetAsync("/api/v1/orders?status=lost", Cancellation)).RefusedAsync(HttpStatusCode.UnprocessableEntity));
    }

    [Fact]
    public async Task A_manager_sees_how_it_sells_by_type_and_by_day()
    {
        var sale = await world.PutOnSaleAsync(quantity: 20, new SaleOptions { Event = new Dictionary<string, object?> { ["refundPolicy"] = new { untilHoursBefore = 0, feePercent = 10 } } });
        var order = await world.BoughtAsync(sale, quantity: 4);
        await world.HoldAsync(sale, quantity: 3);
        await world.ScanAsync(sale.EventId, await world.CodeAsync(order.Tickets[0], order.Buyer));
        await (await world.RefundAsync(order, [order.Tickets[1]])).ReadAsync(HttpStatusCode.Created);

        using var manager = world.Tickets(Roles.VenueManager);
        var sales = await manager.GetJsonAsync($"/api/v1/events/{sale.EventId}/sales");
        var totals = sales.GetProperty("totals");
        Assert.Equal((20, 3, 3, 1, 1), (totals.Number("quantity"), totals.Number("held"), totals.Number("sold"), totals.Number("refunded"), totals.Number("scanned")));
        foreach (var money in new[] { totals.Items("money").Single(), sales.Items("days").Single().GetProperty("money") })
            Assert.Equal((10_000, 2_250, 250, 7_750), (Amount(money, "paid"), Amount(money, "refunded"), Amount(money, "feesKept"), Amount(money, "kept")));
        Assert.Equal((4, 1), (sales.Items("days").Single().Number("sold"), sales.Items("days").Single().Number("refunded")));
        Assert.Equal((10_000, 2_500), (Amount(sales.Items("types").Single(), "paid"), Amount(sales.Items("types").Single(), "givenBack")));
        using var buyer = world.Tickets(Roles.Customer, order.Buyer);
        Assert.Equal("role_required", await (await buyer.GetAsync($"/api/v1/events/{sale.EventId}/sales", Cancellation)).RefusedAsync(HttpStatusCode.Forbidden));
        using var foreign = world.Tickets(Roles.Admin, tenant: world.OtherTenant);
        Assert.Equal("not_found", await (await foreign.GetAsync($"/api/v1/events/{sale.EventId}/sales", Cancellation)).RefusedAsync(HttpStatusCode.NotFound));
    }

    [Fact]
    public async Task An_export_has_every_order_once_and_no_cell_is_a_formula()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5, new SaleOptions { StartsIn = TimeSpan.FromDays(3) });
        var (order, other) = (await world.BoughtAsync(sale, quantity: 2), await world.BoughtAsync(sale));
        await (await world.RefundAsync(order, [order.Tickets[0]])).ReadAsync(HttpStatusCode.Created);
        await world.Sql("update platform.users set email = '=cmd|''/c calc''!A1,\"x\"@people.example' where id = @Buyer", new { other.Buyer });

        using var manager = world.Tickets(Roles.VenueManager);
        using var answer = await manager.GetAsync($"/api/v1/events/{sale.EventId}/orders.csv", Cancellation);
        Assert.Equal((HttpStatusCode.OK, "text/csv"), (answer.StatusCode, answer.Content.Headers.ContentType!.MediaType));
        var lines = (await answer.Content.ReadAsStringAsync(Cancellation)).Split("\r\n");
        Assert.Equal(4, lines.Length);   // the header, two orders, the end
        Assert.EndsWith(",test,2,1,EUR,50.00,25.00,0.00", lines[1], StringComparison.Ordinal);
        Assert.Contains(",\"'=cmd|'/c calc'!A1,\"\"x\"\"@people.example\",", lines[2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_orders_that_draw_one_number_get_two()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);
        var first = await (await world.BuyAsync(sale)).ReadAsync(HttpStatusCode.Created);
        // The next order of this event draws the same number, once.
        await world.Sql($"""
            create sequence tickets.draws; grant usage on sequence tickets.draws to public;
            create function tickets.draw_again() returns trigger language plpgsql as $$
            begin
                if new.event_id = '{sale.EventId}' and nextval('tickets.draws') = 1 then new.order_number := '{first.Text("orderNumber")}'; end if;
                return new;
            end $$;
            create trigger draw_again before insert on tickets.orders for each row execute function tickets.draw_again();
            """);
        var second = await (await world.BuyAsync(sale)).ReadAsync(HttpStatusCode.Created);
        Assert.NotEqual(first.Text("orderNumber"), second.Text("orderNumber"));
        Assert.Equal(2, await world.Ask<int>("select last_value::int from tickets.draws"));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    [Trait("Category", "Long")]
    public async Task A_hundred_thousand_orders_are_exported_in_constant_memory()
    {
        const int Orders = 100_000;
        var sale = await world.PutOnSaleAsync(quantity: 1);
        var buyer = await world.BoughtAsync(sale);
        // As rows of one order, made many times behind the services' back.
        await world.Sql("""
            insert into tickets.orders (tenant_id, id, order_number, event_id, user_id, hold_id, status, total_minor, currency, created_at, updated_at)
            select tenant_id, gen_random_uuid(), 'N' || n, event_id, user_id, hold_id, 'paid', total_minor, currency, created_at + n * interval '1 ms', updated_at
              from tickets.orders cross join generate_series(1, @Orders - 1) n where id = @OrderId;
            insert into tickets.payments (tenant_id, id, order_id, method, status, amount_minor, currency, hold_expires_at, next_check_at)
            select o.tenant_id, gen_random_uuid(), o.id, 'test', 'succeeded', o.total_minor, o.currency, o.created_at, o.created_at from tickets.orders o where o.event_id = @EventId and o.id <> @OrderId;
            analyze tickets.orders; analyze tickets.payments;
            """, new { Orders, buyer.OrderId, sale.EventId });
        var replica = await world.StartReplicaAsync();
        using var manager = world.Client(replica.Url, Roles.VenueManager);
        for (var n = 0; n < 2; n++) await manager.GetJsonAsync($"/api/v1/orders?eventId={sale.EventId}");   // compiled and pooled
        var before = PeakKilobytes(replica.Id);
        using var answer = await manager.GetAsync($"/api/v1/events/{sale.EventId}/orders.csv", HttpCompletionOption.ResponseHeadersRead, Cancellation);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(Cancellation));
        var (lines, bytes) = (0, 0L);
        while (await reader.ReadLineAsync(Cancellation) is { } line) (lines, bytes) = (lines + 1, bytes + line.Length + 2);
        var after = PeakKilobytes(replica.Id);

        TestContext.Current.TestOutputHelper?.WriteLine($"{lines - 1} orders, {bytes / 1024} KiB of CSV; peak resident memory {before} KiB before, {after} KiB after");
        Assert.Equal(Orders + 1, lines);
        Assert.InRange(after - before, 0, 48 * 1024);
    }

    // The most that a process ever had in memory, as the kernel counts it.
    private static long PeakKilobytes(int pid) =>
        long.Parse(File.ReadLines($"/proc/{pid}/status").First(l => l.StartsWith("VmHWM:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture);

    private static long Amount(System.Text.Json.JsonElement json, string property) => json.GetProperty(property).Number("amount");
}
