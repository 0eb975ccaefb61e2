using System.Net;
using AdmitOne.IntegrationTests.Events;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Configuration;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Outbound;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AdmitOne.IntegrationTests.Cancellations;

/// <summary>What a cancelled event leaves to be done is done whole, once, and in sight.</summary>
public sealed class CancellingTests(World world) : IClassFixture<World>
{
    private const int Orders = 60;

    private readonly EventDesk _desk = new(world);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sixty_orders_go_back_once_though_the_process_is_killed_between_a_refund_and_its_note()
    {
        await using var alone = await world.AnotherAsync();
        await alone.StopTicketWorkersAsync("CancellationWorker", "RefundWorker");
        var sale = await alone.PutOnSaleAsync(quantity: 200);
        var bought = await World.AllAsync(Enumerable.Range(0, Orders), 8, n => alone.BoughtAsync(sale, 1 + n % 3, token: n == 7 ? "tok_refund_fails_2" : "tok_ok"));
        var first = await alone.StartReplicaAsync();
        await using var locks = await alone.ConnectAsync();
        await using var order = await locks.BeginTransactionAsync(Cancellation);
        // The refund of the last order waits here; those of the first chunk do not.
        var last = await locks.QuerySingleAsync<Guid>("select id from tickets.orders where event_id = @EventId order by id desc limit 1 for update", sale, order);

        await alone.MoveAsync(sale.EventId, "cancelled");
        var code = await alone.CodeAsync(bought[0].Tickets[0], bought[0].Buyer);
        Assert.Equal("cancelled", (await (await alone.ScanAsync(sale.EventId, code)).ReadAsync()).Text("reason"));   // whether or not anything was done yet

        await World.UntilAsync(async () => await alone.Ask<int>("select count(*) from tickets.cancellation_orders where status = 'voided'") == 50);
        await using (var notes = await alone.ConnectAsync())
        await using (var note = await notes.BeginTransactionAsync(Cancellation))
        {
            await notes.ExecuteAsync("select 1 from tickets.cancellation_orders where order_id = @last for update", new { last }, note);
            await order.CommitAsync(Cancellation);
            await World.UntilAsync(async () => await alone.Ask<string>("select status from tickets.orders where id = @last", new { last }) == "refunded");
            await first.KillAsync();
        }
        Assert.Equal(Orders - 50, await alone.Ask<int>("select count(*) from tickets.cancellation_orders where status = 'waiting'"));
        Assert.Equal(Orders, (await alone.CancellationAsync(sale.EventId)).Orders);

        await alone.StartReplicaAsync();
        await World.UntilAsync(async () => await alone.CancellationAsync(sale.EventId) is { IsDone: true, Orders: Orders });
        await alone.AssertAllWentBackOnceAsync(sale.EventId);
        Assert.Equal(Orders, await alone.Ask<int>("select count(*) from tickets.refunds"));
        Assert.Equal(3, await alone.Ask<int>("select max(attempts) from tickets.refunds"));   // the one that the provider refused twice
        await World.UntilAsync(async () => await alone.Ask<string>("select status from tickets.cancellations") == "done");
    }

    [Fact]
    public async Task Money_that_the_provider_does_not_take_stays_in_sight()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);
        await world.BoughtAsync(sale);
        var stuck = await world.BoughtAsync(sale, token: "tok_refund_fails_9");
        await (await _desk.MoveAsync(sale.EventId, "cancelled")).ReadAsync();
        await World.UntilAsync(async () =>
            await world.CancellationAsync(sale.EventId) is { Orders: 2, Refunded: 1, Failed: 1, Remaining: 0 });
        Assert.Contains("refuses", await world.Ask<string>("select last_error from tickets.refunds where order_id = @OrderId", stuck), StringComparison.Ordinal);
        Assert.Equal("cancelled", await world.Ask<string>("select status from tickets.tickets where order_id = @OrderId", stuck));   // void all the same
    }

    [Fact]
    public async Task What_waits_ends_with_it_holds_offers_and_payments_under_way()
    {
        var sale = await world.PutOnSaleAsync(quantity: 20);
        var owner = await world.BoughtAsync(sale, 2);
        var half = await world.BoughtAsync(sale, 3);
        await (await world.RefundAsync(half, [half.Tickets[0]], Roles.VenueManager)).ReadAsync(HttpStatusCode.Created);
        var holder = Guid.CreateVersion7();
        var hold = (await (await world.HoldAsync(sale, 4, holder)).ReadAsync(HttpStatusCode.Created)).Id();
        await (await world.BuyAsync(sale, 1, token: "tok_timeout")).ReadAsync(HttpStatusCode.Accepted);
        await (await world.BuyAsync(sale, 1, token: "tok_late")).ReadAsync(HttpStatusCode.Accepted);
        await world.Sql("""
            insert into tickets.ticket_transfers (tenant_id, id, ticket_id, from_user_id, recipient_email, status, expires_at)
            values (@Tenant, @id, @ticket, @Buyer, 'friend@people.example', 'offered', clock_timestamp() + interval '1 day')
            """, new { sale.Tenant, id = Guid.CreateVersion7(), ticket = owner.Tickets[0], owner.Buyer });

        await (await _desk.MoveAsync(sale.EventId, "cancelled", "The singer is ill.")).ReadAsync();
        Assert.Equal("sales_not_open", await (await world.HoldAsync(sale)).RefusedAsync(HttpStatusCode.UnprocessableEntity));

        // Two orders, and the one whose money came after all.
        await World.UntilAsync(async () => await world.CancellationAsync(sale.EventId) is { IsDone: true, Orders: 3 });
        await World.UntilAsync(async () => await world.Ask<int>("select count(*) from tickets.orders where event_id = @EventId and status = 'payment_pending'", sale) == 0);
        Assert.Equal(1, await world.Ask<int>("select count(*) from tickets.orders where event_id = @EventId and status = 'expired'", sale));
        Assert.Equal("cancelled", await world.Ask<string>("select status from tickets.ticket_transfers where ticket_id = @ticket", new { ticket = owner.Tickets[0] }));
        Assert.Equal(1, await world.Ask<int>("""
            select count(*)::int from platform.outbox where type = 'transfer.cancelled' and data ->> 'ticketId' = @ticket and data ->> 'because' = 'ticket_cancelled'
            """, new { ticket = owner.Tickets[0].ToString() }));
        Assert.Contains(await (await world.BuyHeldAsync(hold, holder)).RefusedAsync(HttpStatusCode.Gone), (string[])["reservation_expired"]);
        await World.UntilAsync(async () => await world.Ask<int>("select held from tickets.stock where event_id = @EventId", sale) == 0);
        await world.AssertAllWentBackOnceAsync(sale.EventId);
        Assert.Equal(2, await world.Ask<int>("select count(*) from platform.outbox where type = 'ticket.cancelled' and data ->> 'holderId' = @buyer", new { buyer = owner.Buyer.ToString() }));
        Assert.Contains("The singer is ill.", await world.Ask<string>("select reason from tickets.refunds where order_id = @OrderId", owner), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_uses_of_discount_codes_come_back_once()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);
        var discount = await world.DiscountAsync();
        using var buyer = world.Tickets(Roles.Customer);
        buyer.DefaultRequestHeaders.Add("Idempotency-Key", Guid.CreateVersion7().ToString());
        await (await buyer.PostAsync("/api/v1/purchases", new
        {
            eventId = sale.EventId, items = new[] { new { ticketTypeId = sale.TicketTypeId, quantity = 2 } }, discountCode = discount.Text("code"), payment = new { method = "test", token = "tok_ok" },
        })).ReadAsync(HttpStatusCode.Created);
        Task<int> UsedAsync() => world.Ask<int>("select used from tickets.discounts where id = @id", new { id = discount.Id() });
        Assert.Equal(1, await UsedAsync());
        await (await _desk.MoveAsync(sale.EventId, "cancelled")).ReadAsync();
        await World.UntilAsync(async () => await world.CancellationAsync(sale.EventId) is { IsDone: true, Orders: 1 });
        Assert.Equal(0, await UsedAsync());
        Assert.Equal("given_back", await world.Ask<string>("select status from tickets.discount_redemptions where discount_id = @id", new { id = discount.Id() }));
        await world.AssertAllWentBackOnceAsync(sale.EventId);
    }

    [Fact]
    public async Task An_order_that_cannot_be_voided_stays_in_sight_is_tried_again_and_holds_up_no_other()
    {
        var sale = await world.PutOnSaleAsync(quantity: 20);
        var sick = await world.BoughtAsync(sale);
        foreach (var _ in Enumerable.Range(0, 4)) await world.BoughtAsync(sale);
        await world.Sql($"""
            create function tickets.be_sick() returns trigger language plpgsql as $f$ begin raise exception 'sick'; end $f$;
            create trigger sick before update on tickets.orders for each row when (old.id = '{sick.OrderId}') execute function tickets.be_sick()
            """);
        await (await _desk.MoveAsync(sale.EventId, "cancelled")).ReadAsync();
        await World.UntilAsync(async () =>
            await world.CancellationAsync(sale.EventId) is { Orders: 5, Refunded: 4, Failed: 1, Remaining: 0 });
        Assert.Contains("sick", await world.Ask<string>("select fault from tickets.cancellation_orders where order_id = @OrderId", sick), StringComparison.Ordinal);

        await world.Sql("drop trigger sick on tickets.orders; drop function tickets.be_sick()");
        await World.UntilAsync(async () => (await world.CancellationAsync(sale.EventId)).IsDone);
        await world.AssertAllWentBackOnceAsync(sale.EventId);
    }

    [Fact]
    public async Task Only_the_organisers_managers_see_the_progress_and_only_of_a_cancelled_event()
    {
        var sale = await world.PutOnSaleAsync(quantity: 1);
        var path = $"/api/v1/events/{sale.EventId}/cancellation";
        Assert.Equal("not_found", await (await _desk.Manager.GetAsync(path, Cancellation)).RefusedAsync(HttpStatusCode.NotFound));
        await (await _desk.MoveAsync(sale.EventId, "cancelled")).ReadAsync();
        Assert.Equal(new Progress(0, 0, 0, 0, 0), await world.CancellationAsync(sale.EventId));
        Assert.Equal("not_found", await (await _desk.OtherManager.GetAsync(path, Cancellation)).RefusedAsync(HttpStatusCode.NotFound));
        using var customer = world.Events(Roles.Customer);
        Assert.Equal("role_required", await (await customer.GetAsync(path, Cancellation)).RefusedAsync(HttpStatusCode.Forbidden));
        Assert.Equal("token_missing", await (await _desk.Public.GetAsync(path, Cancellation)).RefusedAsync(HttpStatusCode.Unauthorized));

        var inside = $"/internal/events/{sale.EventId}/cancellation";
        Assert.Equal("bad_signature", await (await AskAsync(inside, "venue-service", world.Tenant)).RefusedAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("not_found", await (await AskAsync(inside, "event-service", world.OtherTenant)).RefusedAsync(HttpStatusCode.NotFound));
        Assert.Equal(0, (await (await AskAsync(inside, "order-service", world.Tenant)).ReadAsync()).Number("orders"));
    }

    [Fact]
    public async Task Without_the_Ticket_Service_the_page_says_when_to_ask_again_and_the_rest_goes_on()
    {
        var sale = await world.PutOnSaleAsync(quantity: 1);
        await (await _desk.MoveAsync(sale.EventId, "cancelled")).ReadAsync();
        var settings = new Dictionary<string, string?>(world.EventsSettings) { ["TICKET_SERVICE_URL"] = "http://127.0.0.1:1" };
        var host = await world.StartAsync(configuration => AdmitOne.Events.EventsService.Build(configuration), settings);
        using var client = world.Client(World.Address(host), Roles.VenueManager);
        using var answer = await client.GetAsync($"/api/v1/events/{sale.EventId}/cancellation", Cancellation);
        Assert.Equal("dependency_unavailable", await answer.RefusedAsync(HttpStatusCode.ServiceUnavailable));
        Assert.True(answer.Headers.RetryAfter?.Delta > TimeSpan.Zero);
        Assert.Equal("cancelled", (await client.GetJsonAsync($"/api/v1/events/{sale.EventId}")).Text("status"));
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health/ready", Cancellation)).StatusCode);
    }

    [Fact]
    public async Task A_postponed_event_keeps_its_tickets_and_a_rescheduled_one_lets_holders_choose_for_48_hours()
    {
        var sale = await world.PutOnSaleAsync(quantity: 10, new SaleOptions { Event = new Dictionary<string, object?> { ["refundPolicy"] = new { untilHoursBefore = 24, feePercent = 50 } } });
        var (stays, leaves) = (await world.BoughtAsync(sale), await world.BoughtAsync(sale, 2));
        var code = await world.CodeAsync(stays.Tickets[0], stays.Buyer);

        await (await _desk.MoveAsync(sale.EventId, "postponed", "The river is high.")).ReadAsync();
        Assert.Equal("sales_not_open", await (await world.HoldAsync(sale)).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        Assert.Equal("too_early", (await (await world.ScanAsync(sale.EventId, code)).ReadAsync()).Text("reason"));
        Assert.Equal("refund_window_closed", await (await world.RefundAsync(leaves)).RefusedAsync(HttpStatusCode.UnprocessableEntity));   // two hours before its old start

        await (await _desk.MoveAsync(sale.EventId, "rescheduled")).ReadAsync();
        var refund = await (await world.RefundAsync(leaves)).ReadAsync(HttpStatusCode.Created);
        Assert.Equal(5000, refund.GetProperty("amount").Number("amount"));
        Assert.Equal(1, await world.Ask<int>("""
            select count(*) from platform.outbox where resource_id = @EventId and type = 'event.rescheduled'
               and (data ->> 'refundWindowUntil')::timestamptz between clock_timestamp() + interval '47 hours' and clock_timestamp() + interval '48 hours'
            """, sale));

        await (await _desk.MoveAsync(sale.EventId, "on_sale")).ReadAsync();
        Assert.Equal("admitted", (await (await world.ScanAsync(sale.EventId, code)).ReadAsync()).Text("result"));
        await world.Sql("update events.events set refund_window_until = clock_timestamp() where id = @EventId", sale);
        var late = await world.BoughtAsync(sale);
        Assert.Equal("refund_window_closed", await (await world.RefundAsync(late)).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    private async Task<HttpResponseMessage> AskAsync(string path, string service, Guid tenant)
    {
        using var signing = new SigningHandler(service, world.EventsServices.GetRequiredService<IOptions<ServiceOptions>>(), TimeProvider.System) { InnerHandler = new HttpClientHandler() };
        using var client = new HttpClient(signing) { BaseAddress = world.TicketsUrl };
        for (var attempt = 1; ; attempt++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Options.Set(SigningHandler.Tenant, tenant);
            var answer = await client.SendAsync(request, Cancellation);
            // Redis gets 100 ms to remember the nonce, which a first connection on a busy machine can miss: a caller tries again.
            if (answer.StatusCode != HttpStatusCode.ServiceUnavailable || attempt == 5) return answer;
        }
    }
}
