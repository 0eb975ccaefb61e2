using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Sales;

/// <summary>
/// A sale in which a replica, PostgreSQL and Redis are each killed once. Buyers do what buyers do: hold and pay, pay at once, give back, are declined,
/// and ask again with the same key when nobody answers. Afterwards everything that was answered is there, and the books are right.
/// </summary>
public sealed class FaultySaleTests(Stack shared)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public Task A_sale_survives_the_death_of_a_replica_of_postgresql_and_of_redis() => SellAsync(tickets: 500, buyers: 250, atOnce: 40);

    [Fact]
    [Trait("Category", "Long")]
    public Task Ten_thousand_tickets_and_three_thousand_buyers_survive_them_too() => SellAsync(tickets: 10_000, buyers: 3_000, atOnce: 100);

    private async Task SellAsync(int tickets, int buyers, int atOnce)
    {
        shared.SkipIfMissing();
        await using var stack = new Stack();   // its servers die: nobody else may be using them
        await stack.InitializeAsync();
        await using var world = await World.StartAsync(stack, ("RESERVATION_TTL_SECONDS", "8"), ("RESERVATION_SWEEP_SECONDS", "1"), ("PAYMENT_WINDOW_SECONDS", "8"));
        var sale = await world.PutOnSaleAsync(tickets, new SaleOptions { StartsIn = TimeSpan.FromDays(3), Event = new Dictionary<string, object?> { ["refundPolicy"] = new { untilHoursBefore = 1, feePercent = 10 } } });
        var run = new Run(world, sale, [world.TicketsUrl, (await world.StartReplicaAsync()).Url]);
        var started = TimeProvider.System.GetTimestamp();

        var selling = Parallel.ForEachAsync(Enumerable.Range(1, buyers), new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = Cancellation }, async (n, _) => await run.BuyAsync(new Random(n)));
        await ReachAsync(run, selling, buyers / 5);
        await world.KillReplicaAsync(run.Urls[1]);
        run.Urls[1] = (await world.StartReplicaAsync()).Url;
        await ReachAsync(run, selling, buyers * 2 / 5);
        await stack.CutPostgresAsync();
        world.ForgetConnections();
        await ReachAsync(run, selling, buyers * 3 / 5);
        await stack.CutRedisAsync();
        await selling;

        await World.UntilAsync(async () => await world.Ask<int>("""
            select ((select count(*) from tickets.orders where status = 'payment_pending') + (select count(*) from tickets.reservations where status = 'held')
                  + (select count(*) from tickets.refunds where status <> 'succeeded') + (select count(*) from platform.idempotency_keys where status = 'running'))::int
            """) == 0, TimeSpan.FromSeconds(90));
        var left = await world.Ask<(int Sold, int Held, int Alive)>("""
            select s.sold, s.held, (select count(*)::int from tickets.tickets t where t.ticket_type_id = s.ticket_type_id and t.status = 'issued') from tickets.stock s where s.ticket_type_id = @TicketTypeId
            """, sale);
        TestContext.Current.TestOutputHelper?.WriteLine($"""
            {buyers} buyers, {tickets} tickets, {atOnce} at once, two replicas; killed: one replica, PostgreSQL, Redis; {TimeProvider.System.GetElapsedTime(started).TotalSeconds:F0} s
            answers: {string.Join(", ", run.Answers.OrderBy(a => a.Key, StringComparer.Ordinal).Select(a => $"{a.Key} {a.Value}"))}
            requests that died or were told to come again: {run.Repeated}
            orders answered paid: {run.Paid.Count}, tickets in them: {run.Paid.Values.Sum(o => o.Tickets.Count)}, given back: {run.GivenBack.Count}; sold now: {left.Sold}, held: {left.Held}
            """);

        await world.AssertBooksAreRightAsync();
        Assert.Equal((left.Alive, 0), (left.Sold, left.Held));
        Assert.InRange(left.Sold, 0, tickets);
        foreach (var order in run.Paid.Values)
        {
            var found = await world.Ask<(string Status, int Tickets)>("select o.status, (select count(*)::int from tickets.tickets t where t.order_id = o.id and t.id = any (@ids)) from tickets.orders o where o.id = @OrderId and o.user_id = @Buyer",
                new { order.OrderId, order.Buyer, ids = order.Tickets.ToArray() });
            Assert.Equal((run.GivenBack.ContainsKey(order.OrderId) ? "refunded" : "paid", order.Tickets.Count), found);
        }
        // Nobody has an order that was not answered, and what each customer paid and did not get back is what their good tickets and the fees cost.
        Assert.Equal(run.Paid.Count, await world.Ask<int>("select count(*)::int from tickets.orders where status in ('paid', 'partially_refunded') or exists (select from tickets.tickets t where t.order_id = orders.id)"));
        Assert.Equal(0, await world.Ask<int>("""
            select count(*)::int from (
                select o.user_id, sum((select coalesce(sum(p.amount_minor), 0) from tickets.payments p where p.order_id = o.id and p.status = 'succeeded')
                                    - (select coalesce(sum(r.amount_minor + r.fee_minor), 0) from tickets.refunds r where r.order_id = o.id)) as spent,
                       sum((select coalesce(sum(coalesce(t.paid_minor, t.face_value_minor)), 0) from tickets.tickets t where t.order_id = o.id and t.status = 'issued')) as has
                  from tickets.orders o group by o.user_id) c where spent <> has
            """));
    }

    private static async Task ReachAsync(Run run, Task selling, int buyers)
    {
        while (run.Finished < buyers && !selling.IsCompleted) await Task.Delay(10, Cancellation);
    }

    private sealed class Run(World world, Sale sale, Uri[] urls)
    {
        private int _finished;
        private int _repeated;

        public Uri[] Urls { get; } = urls;

        public int Finished => Volatile.Read(ref _finished);

        public int Repeated => Volatile.Read(ref _repeated);

        public ConcurrentDictionary<Guid, Bought> Paid { get; } = new();

        public ConcurrentDictionary<Guid, bool> GivenBack { get; } = new();

        public ConcurrentDictionary<string, int> Answers { get; } = new();

        public async Task BuyAsync(Random random)
        {
            var (buyer, key, quantity) = (Guid.CreateVersion7(), Guid.CreateVersion7().ToString(), random.Next(1, 5));
            var token = random.Next(10) switch { 0 => "tok_decline", 1 => "tok_twice", 2 => "tok_late", 3 => "tok_refund_fails_1", _ => "tok_ok" };
            var hold = random.Next(2) == 0 ? null : await AskAsync(random, "hold", url => world.HoldAsync(sale, quantity, buyer, url), HttpStatusCode.Created);
            var bought = await AskAsync(random, "buy", url => hold is { } held ? world.BuyHeldAsync(held.Id(), buyer, token, key, url) : world.BuyAsync(sale, quantity, buyer, token, key, url),
                HttpStatusCode.Created, HttpStatusCode.Accepted);
            if (bought is { } order) await TakeAsync(random, buyer, order);
            Interlocked.Increment(ref _finished);
        }

        private async Task TakeAsync(Random random, Guid buyer, JsonElement order)
        {
            var id = order.Id("orderId");
            if (order.Text("status") != "paid")
            {
                using var client = world.Client(world.TicketsUrl, Roles.Customer, buyer);
                JsonElement now = default;
                await World.UntilAsync(async () =>
                    (now = (await AskAsync(random, "look", _ => client.GetAsync($"/api/v1/orders/{id}", Cancellation), HttpStatusCode.OK))!.Value).Text("status") != "payment_pending");
                if (now.Text("status") != "paid") return;
                order = now;
            }
            var bought = Paid[id] = new Bought(id, buyer, [.. order.Items("tickets").Select(t => t.Id())]);
            if (random.Next(6) != 0) return;
            var key = Guid.CreateVersion7().ToString();
            if (await AskAsync(random, "refund", url => world.RefundAsync(bought, key: key, replica: url), HttpStatusCode.Created) is not null) GivenBack[id] = true;
        }

        /// <summary>Asks until there is an answer: who is not answered, or is told to come again, asks any replica the same.</summary>
        private async Task<JsonElement?> AskAsync(Random random, string what, Func<Uri, Task<HttpResponseMessage>> send, params HttpStatusCode[] good)
        {
            while (true)
            {
                try
                {
                    using var answer = await send(Urls[random.Next(Urls.Length)]);
                    var body = await answer.Content.ReadAsStringAsync(Cancellation);
                    var again = answer.StatusCode >= HttpStatusCode.InternalServerError || body.Contains("request_in_progress", StringComparison.Ordinal);
                    if (!again)
                    {
                        Answers.AddOrUpdate($"{what} {(int)answer.StatusCode}", 1, (_, n) => n + 1);
                        return good.Contains(answer.StatusCode) ? JsonDocument.Parse(body).RootElement : null;
                    }
                }
                catch (Exception gone) when (gone is HttpRequestException or IOException)
                {
                    // Somebody pulled a plug.
                }
                Interlocked.Increment(ref _repeated);
                await Task.Delay(random.Next(20, 200), Cancellation);
            }
        }
    }
}
