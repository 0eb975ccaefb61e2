using System.Net;
using System.Text.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Refunds;

/// <summary>Tickets given back: they die, their places return and their money goes, each once.</summary>
public sealed class RefundTests(World world) : IClassFixture<World>
{
    private static readonly SaleOptions s_inThreeDays = new() { StartsIn = TimeSpan.FromDays(3) };

    [Fact]
    public async Task A_whole_order_goes_back_and_its_places_are_on_sale_again()
    {
        var sale = await world.PutOnSaleAsync(quantity: 3, s_inThreeDays);
        var order = await world.BoughtAsync(sale, quantity: 3);
        var code = await world.CodeAsync(order.Tickets[0], order.Buyer);
        Assert.Equal(HttpStatusCode.Conflict, (await world.HoldAsync(sale)).StatusCode);

        var preview = await (await world.RefundAsync(order, preview: true)).ReadAsync();
        Assert.Equal((7500, 0, 3), (Amount(preview), Amount(preview, "fee"), preview.Items("ticketIds").Count));
        Assert.Equal("paid", (await world.OrderAsync(order)).Text("status"));

        var refund = await (await world.RefundAsync(order)).ReadAsync(HttpStatusCode.Created);
        Assert.Equal((7500, 0, "refunded"), (Amount(refund), Amount(refund, "fee"), refund.Text("orderStatus")));
        var after = await world.OrderAsync(order);
        Assert.Equal("refunded", after.Text("status"));
        Assert.All(after.Items("tickets"), t => Assert.Equal("refunded", t.Text("status")));
        Assert.Equal(order.Tickets.Order(), after.Items("refunds").Single().Items("ticketIds").Select(t => t.GetGuid()).Order());
        Assert.Equal("refunded", (await (await world.ScanAsync(sale.EventId, code)).ReadAsync()).Text("reason"));
        Assert.Equal("already_refunded", await (await world.RefundAsync(order)).RefusedAsync(HttpStatusCode.Conflict));
        await MoneyHasGoneAsync(order);
        Assert.Equal((1, 3), await world.Ask<(int, int)>("select (count(*) filter (where type = 'order.refunded'))::int, (count(*) filter (where type = 'ticket.refunded'))::int from platform.outbox where data ->> 'orderId' = @id",
            new { id = order.OrderId.ToString() }));
        Assert.Equal(("user", order.Buyer), await world.Ask<(string, Guid)>("select actor_kind, actor_id from platform.audit_log where action = 'order.refund' and resource_id = @OrderId", new { order.OrderId }));

        Assert.Equal(HttpStatusCode.Created, (await world.BuyAsync(sale, 3)).StatusCode);
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task A_part_goes_back_for_the_events_fee_to_the_cent_and_as_previewed()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5, s_inThreeDays with { PriceMinor = 3333, Event = Policy(untilHoursBefore: 24, feePercent: 15) });
        var order = await world.BoughtAsync(sale, quantity: 3);

        var preview = await (await world.RefundAsync(order, [order.Tickets[1]], preview: true)).ReadAsync();
        var refund = await (await world.RefundAsync(order, [order.Tickets[1]])).ReadAsync(HttpStatusCode.Created);
        Assert.Equal((2833, 500), (Amount(refund), Amount(refund, "fee")));   // 499.95 is 500
        Assert.Equal((Amount(refund), Amount(refund, "fee")), (Amount(preview), Amount(preview, "fee")));
        Assert.Equal("partially_refunded", (await world.OrderAsync(order)).Text("status"));
        Assert.Equal(1 + 2, await world.AvailableAsync(sale));
        Assert.Equal("already_refunded", await (await world.RefundAsync(order, [order.Tickets[0], order.Tickets[1]])).RefusedAsync(HttpStatusCode.Conflict));

        // The rest by the organiser, who gives all of it back.
        refund = await (await world.RefundAsync(order, role: Roles.VenueManager)).ReadAsync(HttpStatusCode.Created);
        Assert.Equal((6666, 0, "refunded"), (Amount(refund), Amount(refund, "fee"), refund.Text("orderStatus")));
        Assert.Equal(2, (await world.OrderAsync(order)).Items("refunds").Count);
        await MoneyHasGoneAsync(order);
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task After_the_window_only_the_organiser_gives_back()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);   // starts in two hours; the window closed a day before
        var order = await world.BoughtAsync(sale, quantity: 2);
        Assert.Equal("refund_window_closed", await (await world.RefundAsync(order)).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        Assert.Equal("refund_window_closed", await (await world.RefundAsync(order, preview: true)).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        await (await world.RefundAsync(order, role: Roles.VenueManager)).ReadAsync(HttpStatusCode.Created);
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task When_the_event_was_moved_holders_get_everything_back_whatever_the_policy_says()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5, new SaleOptions { Event = Policy(untilHoursBefore: 24, feePercent: 50) });
        var order = await world.BoughtAsync(sale, quantity: 2);
        await world.Sql("update events.events set refund_window_until = clock_timestamp() + interval '1 day' where id = @EventId", new { sale.EventId });
        Assert.Equal((2500, 0), (await (await world.RefundAsync(order, [order.Tickets[0]])).ReadAsync(HttpStatusCode.Created)) is var refund ? (Amount(refund), Amount(refund, "fee")) : default);
        await world.Sql("update events.events set refund_window_until = clock_timestamp() where id = @EventId", new { sale.EventId });
        Assert.Equal("refund_window_closed", await (await world.RefundAsync(order)).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task A_used_ticket_is_given_back_by_the_organiser_alone()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5, new SaleOptions { Event = Policy(untilHoursBefore: 0) });
        var order = await world.BoughtAsync(sale, quantity: 2);
        await world.ScanAsync(sale.EventId, await world.CodeAsync(order.Tickets[0], order.Buyer));
        Assert.Equal("ticket_used", await (await world.RefundAsync(order)).RefusedAsync(HttpStatusCode.Conflict));
        await (await world.RefundAsync(order, [order.Tickets[1]])).ReadAsync(HttpStatusCode.Created);
        await (await world.RefundAsync(order, [order.Tickets[0]], Roles.VenueManager)).ReadAsync(HttpStatusCode.Created);
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task What_is_not_mine_not_there_or_not_paid_is_refused()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5, s_inThreeDays);
        var (order, other) = (await world.BoughtAsync(sale), await world.BoughtAsync(sale));
        Assert.Equal("not_owner", await (await world.RefundAsync(order, by: other.Buyer)).RefusedAsync(HttpStatusCode.Forbidden));
        Assert.Equal("not_found", await (await world.RefundAsync(order with { OrderId = Guid.CreateVersion7() })).RefusedAsync(HttpStatusCode.NotFound));
        Assert.Equal("validation_failed", await (await world.RefundAsync(order, other.Tickets)).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        Assert.Equal("validation_failed", await (await world.RefundAsync(order, [])).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        Assert.Equal("validation_failed", await (await world.RefundAsync(order, [order.Tickets[0], order.Tickets[0]])).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        Assert.Equal("idempotency_key_required", await (await world.RefundAsync(order, key: "short")).RefusedAsync(HttpStatusCode.BadRequest));
        using var client = world.Tickets(Roles.Customer, order.Buyer);
        Assert.Equal("invalid_json", await (await client.PostAsync($"/api/v1/orders/{order.OrderId}/refunds?preview=true", new { })).RefusedAsync(HttpStatusCode.BadRequest));

        var (buyer, pending) = (Guid.CreateVersion7(), await (await world.BuyAsync(sale, 1, other.Buyer, "tok_timeout")).ReadAsync(HttpStatusCode.Accepted));
        Assert.Equal("ticket_not_issued", await (await world.RefundAsync(new Bought(pending.Id("orderId"), other.Buyer, []))).RefusedAsync(HttpStatusCode.Conflict));
        Assert.Equal("paid", (await world.OrderAsync(order)).Text("status"));
        using var foreign = world.Tickets(Roles.Admin, tenant: world.OtherTenant);
        Assert.Equal("not_found", await (await foreign.PostAsync($"/api/v1/orders/{order.OrderId}/refunds?preview=true", new { reason = "no" })).RefusedAsync(HttpStatusCode.NotFound));
    }

    [Fact]
    public async Task Free_tickets_go_back_without_money()
    {
        var sale = await world.PutOnSaleAsync(quantity: 2, s_inThreeDays with { PriceMinor = 0 });
        var order = await world.BoughtAsync(sale, quantity: 2, token: "free");
        var refund = await (await world.RefundAsync(order)).ReadAsync(HttpStatusCode.Created);
        Assert.Equal((0, "succeeded"), (Amount(refund), refund.Text("status")));
        Assert.Equal(2, await world.AvailableAsync(sale));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task The_same_refund_sent_twenty_times_to_two_replicas_is_one_refund_and_twenty_equal_answers()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5, s_inThreeDays);
        var replica = await world.SecondReplicaAsync();
        var order = await world.BoughtAsync(sale, quantity: 3);
        var key = Guid.CreateVersion7().ToString();
        var bodies = new HashSet<string>();
        foreach (var answer in await Task.WhenAll(Enumerable.Range(0, 20).Select(n => world.RefundAsync(order, key: key, replica: n % 2 == 0 ? replica.Url : null))))
            bodies.Add((await answer.ReadAsync(HttpStatusCode.Created)).ToString());
        Assert.Single(bodies);
        Assert.Single((await world.OrderAsync(order)).Items("refunds"));
        Assert.Equal("idempotency_key_reused", await (await world.RefundAsync(order, [order.Tickets[0]], key: key)).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task However_many_ask_at_two_replicas_each_ticket_goes_back_once()
    {
        var sale = await world.PutOnSaleAsync(quantity: 60, s_inThreeDays);
        var replica = await world.SecondReplicaAsync();
        for (var round = 0; round < 8; round++)
        {
            var order = await world.BoughtAsync(sale, quantity: 4);
            var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(n => world.RefundAsync(order, n % 4 == 3 ? null : [order.Tickets[n % 4], order.Tickets[3]],
                n % 3 == 0 ? Roles.VenueManager : Roles.Customer, replica: n % 2 == 0 ? replica.Url : null)));
            long amount = 0;
            foreach (var made in answers.Where(a => a.StatusCode == HttpStatusCode.Created)) amount += Amount(await made.ReadAsync(HttpStatusCode.Created));
            foreach (var refused in answers.Where(a => a.StatusCode != HttpStatusCode.Created)) Assert.Equal("already_refunded", await refused.RefusedAsync(HttpStatusCode.Conflict));
            var dead = (await world.OrderAsync(order)).Items("tickets").Count(t => t.Text("status") == "refunded");
            Assert.Equal(2500 * dead, amount);
        }
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task A_ticket_is_let_in_or_given_back_never_both()
    {
        var sale = await world.PutOnSaleAsync(quantity: 60, new SaleOptions { Event = Policy(untilHoursBefore: 0) });
        var replica = await world.SecondReplicaAsync();
        var orders = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => world.BoughtAsync(sale)));
        var admitted = 0;
        foreach (var order in orders)
        {
            var code = await world.CodeAsync(order.Tickets[0], order.Buyer);
            var scan = world.ScanAsync(sale.EventId, code);
            var refund = world.RefundAsync(order, replica: replica.Url);
            var (seen, given) = (await (await scan).ReadAsync(), await refund);
            if (seen.Text("result") == "admitted")
            {
                admitted++;
                Assert.Equal("ticket_used", await given.RefusedAsync(HttpStatusCode.Conflict));
            }
            else
            {
                Assert.Equal("refunded", seen.Text("reason"));
                await given.ReadAsync(HttpStatusCode.Created);
            }
        }
        Assert.Equal(admitted, await world.Ask<int>("select count(*)::int from tickets.admissions where event_id = @EventId", new { sale.EventId }));
        Assert.Equal(0, await world.Ask<int>("select count(*)::int from tickets.admissions a join tickets.tickets t on t.id = a.ticket_id where t.event_id = @EventId and t.status <> 'issued'", new { sale.EventId }));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task A_provider_that_fails_is_seen_failing_and_asked_again_until_the_money_has_gone()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5, s_inThreeDays);
        var order = await world.BoughtAsync(sale, quantity: 2, token: "tok_refund_fails_2");
        Assert.Equal("pending", (await (await world.RefundAsync(order)).ReadAsync(HttpStatusCode.Created)).Text("status"));

        JsonElement refund = default;
        await World.UntilAsync(async () => (refund = (await world.OrderAsync(order, Roles.VenueManager)).Items("refunds").Single()).Text("status") == "failed");
        Assert.Contains("refuses attempt", refund.Text("lastError"), StringComparison.Ordinal);
        Assert.InRange(refund.Number("attempts"), 1, 2);
        Assert.Equal(JsonValueKind.Null, (await world.OrderAsync(order)).Items("refunds").Single().GetProperty("lastError").ValueKind);   // the buyer need not read it

        await MoneyHasGoneAsync(order);
        refund = (await world.OrderAsync(order, Roles.VenueManager)).Items("refunds").Single();
        Assert.Equal((3, JsonValueKind.Null), (refund.Number("attempts"), refund.GetProperty("lastError").ValueKind));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task The_recount_names_a_refund_that_does_not_add_up_and_an_order_that_says_nothing_of_it()
    {
        var sale = await world.PutOnSaleAsync(quantity: 10, s_inThreeDays);
        var (shorted, silent) = (await world.BoughtAsync(sale, quantity: 2), await world.BoughtAsync(sale, quantity: 2));
        foreach (var order in new[] { shorted, silent }) await (await world.RefundAsync(order, [order.Tickets[0]])).ReadAsync(HttpStatusCode.Created);
        await world.Sql("""
            update tickets.refunds set amount_minor = amount_minor - 1 where order_id = @shorted;
            update tickets.orders set status = 'paid' where id = @silenced;
            """, new { shorted = shorted.OrderId, silenced = silent.OrderId });
        var found = (await world.VerifyAsync(sale.EventId)).Items("problems").Select(p => (p.Text("kind"), p.Id())).ToHashSet();
        Assert.Equal([("money_mismatch", shorted.OrderId), ("order_without_tickets", silent.OrderId)], found.OrderBy(f => f.Item1, StringComparer.Ordinal));
    }

    [Fact]
    public async Task Given_back_tickets_leave_room_under_the_customers_limit()
    {
        var sale = await world.PutOnSaleAsync(quantity: 10, s_inThreeDays with { MaxPerCustomer = 2 });
        var order = await world.BoughtAsync(sale, quantity: 2);
        Assert.Equal("limit_per_customer", await (await world.BuyAsync(sale, 1, order.Buyer)).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        await (await world.RefundAsync(order, [order.Tickets[0]])).ReadAsync(HttpStatusCode.Created);
        Assert.Equal(HttpStatusCode.Created, (await world.BuyAsync(sale, 1, order.Buyer)).StatusCode);
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    private Task MoneyHasGoneAsync(Bought order) => World.UntilAsync(async () => (await world.OrderAsync(order)).Items("refunds").All(r => r.Text("status") == "succeeded"));

    private static long Amount(JsonElement refund, string property = "amount") => refund.GetProperty(property).Number("amount");

    private static Dictionary<string, object?> Policy(int untilHoursBefore, int feePercent = 0) => new() { ["refundPolicy"] = new { untilHoursBefore, feePercent } };
}
