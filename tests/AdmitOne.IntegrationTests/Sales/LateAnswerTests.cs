using System.Net;
using System.Net.Http.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;
using AdmitOne.Tickets;
using Dapper;
using Npgsql;

namespace AdmitOne.IntegrationTests.Sales;

/// <summary>A call that waits in a lane, or behind one, is answered within REQUEST_TIMEOUT_SECONDS. What had begun ends behind it, once.</summary>
public sealed class LateAnswerTests(LateAnswerTests.ShortLimit world) : IClassFixture<LateAnswerTests.ShortLimit>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_purchase_that_waits_for_the_stock_is_answered_in_time_and_asked_again_with_its_key_it_is_there_once()
    {
        var sale = await world.PutOnSaleAsync(10);
        var (buyer, key) = (Guid.CreateVersion7(), Guid.CreateVersion7().ToString());
        await using (var holder = await LockAsync(sale))
        {
            var buying = world.BuyAsync(sale, 2, buyer, key: key, replica: world.Short);
            await world.UntilWaitingAsync(1);   // its batch has begun
            await AssertLateAsync(await buying);
        }
        var order = await PaidAsync(sale, buyer, key);
        Assert.Equal(order, await PaidAsync(sale, buyer, key));
        Assert.Equal((1, 2), await world.Ask<(int, int)>("select count(*)::int, (select sold from tickets.stock where ticket_type_id = @TicketTypeId) from tickets.orders where event_id = @EventId", sale));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task A_purchase_whose_payment_takes_longer_is_answered_in_time_and_ends_paid_behind_it()
    {
        var sale = await world.PutOnSaleAsync(10);
        var (buyer, key) = (Guid.CreateVersion7(), Guid.CreateVersion7().ToString());
        await AssertLateAsync(await world.BuyAsync(sale, 1, buyer, "tok_slow", key, world.VeryShort));
        await PaidAsync(sale, buyer, key, "tok_slow");   // the payment takes longer than any of these calls may
        Assert.Equal((1, "paid"), await world.Ask<(int, string)>("select count(*)::int, min(status) from tickets.orders where event_id = @EventId", sale));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task What_has_not_begun_when_its_time_is_over_is_not_carried_out()
    {
        var sale = await world.PutOnSaleAsync(10);
        await using (var holder = await LockAsync(sale))
        {
            var first = world.HoldAsync(sale, replica: world.Short);
            await world.UntilWaitingAsync(1);
            var queued = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => world.HoldAsync(sale, replica: world.Short)));
            foreach (var late in queued.Append(await first)) await AssertLateAsync(late);
        }
        // The one whose batch had begun holds its place; nobody holds one for those that were still in the queue.
        await World.UntilAsync(async () => await world.Ask<int>("select held from tickets.stock where ticket_type_id = @TicketTypeId", sale) == 1);
        Assert.Equal(HttpStatusCode.Created, (await world.HoldAsync(sale)).StatusCode);
        Assert.Equal(2, await world.Ask<int>("select held from tickets.stock where ticket_type_id = @TicketTypeId", sale));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task A_hold_with_a_key_that_was_late_is_the_same_hold_when_it_is_asked_for_again()
    {
        var sale = await world.PutOnSaleAsync(10);
        using var client = world.Client(world.Short, Roles.Customer);
        client.DefaultRequestHeaders.Add("Idempotency-Key", Guid.CreateVersion7().ToString());
        var body = new { eventId = sale.EventId, items = new[] { new { ticketTypeId = sale.TicketTypeId, quantity = 3 } } };
        await using (var holder = await LockAsync(sale))
        {
            var holding = client.PostAsJsonAsync("/api/v1/reservations", body, Cancellation);
            await world.UntilWaitingAsync(1);
            await AssertLateAsync(await holding);
        }
        await World.UntilAsync(async () => (await client.PostAsJsonAsync("/api/v1/reservations", body, Cancellation)).StatusCode == HttpStatusCode.Created);
        Assert.Equal(3, await world.Ask<int>("select held from tickets.stock where ticket_type_id = @TicketTypeId", sale));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task A_scan_that_was_late_lets_nobody_in_twice()
    {
        var sale = await world.PutOnSaleAsync(10);
        var (ticketId, code) = (await world.BuyCodesAsync(sale))[0];
        await using (var holder = await world.ConnectAsync())
        {
            await holder.ExecuteAsync("begin; select 1 from tickets.tickets where id = @ticketId for update", new { ticketId });
            var scanning = world.ScanAsync(sale.EventId, code, replica: world.Short);
            await world.UntilWaitingAsync(1);
            await AssertLateAsync(await scanning);
        }
        await World.UntilAsync(async () => await world.Ask<int>("select count(*)::int from tickets.admissions where ticket_id = @ticketId", new { ticketId }) == 1);
        var again = await (await world.ScanAsync(sale.EventId, code)).ReadAsync();
        Assert.Equal(("refused", "already_admitted"), (again.Text("result"), again.Text("reason")));
    }

    // Whoever asks again while the first is still being carried out is told to come again.
    private async Task<Guid> PaidAsync(Sale sale, Guid buyer, string key, string token = "tok_ok")
    {
        var order = Guid.Empty;
        await World.UntilAsync(async () =>
        {
            using var answer = await world.BuyAsync(sale, token == "tok_ok" ? 2 : 1, buyer, token, key, token == "tok_slow" ? world.VeryShort : world.Short);
            if (answer.StatusCode != HttpStatusCode.Created) return false;
            order = (await answer.ReadAsync(HttpStatusCode.Created)).Id("orderId");
            return true;
        }, TimeSpan.FromSeconds(60));
        return order;
    }

    private static async Task AssertLateAsync(HttpResponseMessage answer)
    {
        Assert.Equal("overloaded", await answer.RefusedAsync(HttpStatusCode.ServiceUnavailable));
        Assert.Equal(TimeSpan.FromSeconds(1), answer.Headers.RetryAfter?.Delta);
        answer.Dispose();
    }

    private async Task<NpgsqlConnection> LockAsync(Sale sale)
    {
        var connection = await world.ConnectAsync();
        await connection.ExecuteAsync("begin; select 1 from tickets.stock where ticket_type_id = @TicketTypeId for update", sale);
        return connection;   // closing it rolls back
    }

    /// <summary>Has two more Ticket Services, whose callers may not wait for long; locks are waited for longer.</summary>
    public sealed class ShortLimit(Stack stack) : World(stack, [("DB_LOCK_TIMEOUT_MS", "20000"), ("DB_STATEMENT_TIMEOUT_MS", "30000")]), IAsyncLifetime
    {
        public Uri Short { get; private set; } = null!;

        /// <summary>Its limit is below the time that the test's payment takes.</summary>
        public Uri VeryShort { get; private set; } = null!;

        async ValueTask IAsyncLifetime.InitializeAsync()
        {
            await InitializeAsync();
            if (TicketsUrl is null) return;   // nothing is installed: each test skips itself
            (Short, VeryShort) = (await StartAsync("4"), await StartAsync("1"));
        }

        private async Task<Uri> StartAsync(string seconds)
        {
            IReadOnlyDictionary<string, string?> settings = new Dictionary<string, string?>(TicketsSettings) { ["REQUEST_TIMEOUT_SECONDS"] = seconds };
            return Address(await StartAsync(configuration => TicketsService.Build(configuration), settings));
        }
    }
}
