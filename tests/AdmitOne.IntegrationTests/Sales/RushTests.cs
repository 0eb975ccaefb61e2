using System.Net;
using AdmitOne.IntegrationTests.Harness;

namespace AdmitOne.IntegrationTests.Sales;

/// <summary>More buyers than tickets, all at once.</summary>
public sealed class RushTests(World world) : IClassFixture<World>
{
    [Fact]
    public async Task Two_hundred_buyers_of_fifty_tickets_get_fifty_and_no_more()
    {
        var sale = await world.PutOnSaleAsync(quantity: 50);
        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => world.HoldAsync(sale)));

        Assert.Equal(50, answers.Count(a => a.StatusCode == HttpStatusCode.Created));
        await AllOthersFoundNothingLeftAsync(answers, 150);
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task Two_hundred_buyers_who_pay_in_one_step_get_fifty_orders_with_their_tickets()
    {
        var sale = await world.PutOnSaleAsync(quantity: 50);
        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => world.BuyAsync(sale)));

        var tickets = new HashSet<Guid>();
        foreach (var paid in answers.Where(a => a.StatusCode == HttpStatusCode.Created)) tickets.Add((await paid.ReadAsync(HttpStatusCode.Created)).Items("tickets").Single().Id());
        Assert.Equal(50, tickets.Count);
        await AllOthersFoundNothingLeftAsync(answers, 150);
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task Two_replicas_sell_no_more_than_one()
    {
        var sale = await world.PutOnSaleAsync(quantity: 50);
        var replica = await world.SecondReplicaAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(n => n % 2 == 0
            ? world.HoldAsync(sale, replica: n % 4 == 0 ? replica.Url : null)
            : world.BuyAsync(sale, replica: n % 4 == 1 ? replica.Url : null)));

        Assert.Equal(50, answers.Count(a => a.StatusCode == HttpStatusCode.Created));
        await AllOthersFoundNothingLeftAsync(answers, 150);
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task Holds_of_three_out_of_fifty_leave_two_over()
    {
        var sale = await world.PutOnSaleAsync(quantity: 50);
        var replica = await world.SecondReplicaAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(n => world.HoldAsync(sale, quantity: 3, replica: n % 2 == 0 ? replica.Url : null)));

        Assert.Equal(16, answers.Count(a => a.StatusCode == HttpStatusCode.Created));
        var refused = await answers.First(a => a.StatusCode == HttpStatusCode.Conflict).ReadAsync(HttpStatusCode.Conflict);
        Assert.Equal(2, refused.GetProperty("available").Number(sale.TicketTypeId.ToString()));
        Assert.Equal(HttpStatusCode.Created, (await world.HoldAsync(sale, quantity: 2)).StatusCode);
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task A_section_that_types_share_is_never_overfilled()
    {
        var sale = await world.PutOnSaleAsync(quantity: 40, new SaleOptions { Capacity = 50 });
        using var manager = world.Tickets(Platform.Identity.Roles.VenueManager);
        var second = (await manager.MakeAsync($"/api/v1/events/{sale.EventId}/ticket-types",
            new { name = "Balcony", price = new { amount = 1000, currency = "EUR" }, quantity = 40 })).Id();
        var answers = await Task.WhenAll(Enumerable.Range(0, 120).Select(n => world.HoldAsync(n % 2 == 0 ? sale : sale with { TicketTypeId = second })));

        Assert.Equal(50, answers.Count(a => a.StatusCode == HttpStatusCode.Created));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task A_customer_gets_no_more_than_the_limit_however_many_requests_they_send_to_however_many_replicas()
    {
        var sale = await world.PutOnSaleAsync(quantity: 500, new SaleOptions { MaxPerCustomer = 4 });
        var replica = await world.SecondReplicaAsync();
        for (var round = 0; round < 8; round++)   // the first rounds warm both up, so that the later ones really meet
        {
            var greedy = Guid.CreateVersion7();
            var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(n => n % 2 == 0
                ? world.HoldAsync(sale, buyer: greedy, replica: n % 4 == 0 ? replica.Url : null)
                : world.BuyAsync(sale, buyer: greedy, replica: n % 4 == 1 ? replica.Url : null)));

            Assert.Equal(4, answers.Count(a => a.StatusCode == HttpStatusCode.Created));
            foreach (var refused in answers.Where(a => a.StatusCode != HttpStatusCode.Created))
                Assert.Equal("limit_per_customer", await refused.RefusedAsync(HttpStatusCode.UnprocessableEntity));
        }
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Theory]
    [InlineData("cancelled")]
    [InlineData("sales_paused")]
    public async Task After_sales_were_closed_not_one_more_ticket_is_sold(string closed)
    {
        for (var round = 0; round < 5; round++)
        {
            var sale = await world.PutOnSaleAsync(quantity: 500);
            var buyers = Enumerable.Range(0, 60).Select(async _ =>
            {
                using var answer = await world.BuyAsync(sale);
                return answer.StatusCode == HttpStatusCode.Created;
            }).ToArray();
            await world.MoveAsync(sale.EventId, closed);
            var soldWhenClosed = await world.Ask<int>("select count(*)::int from tickets.reservations where event_id = @EventId", new { sale.EventId });
            await Task.WhenAll(buyers);

            Assert.Equal(soldWhenClosed, await world.Ask<int>("select count(*)::int from tickets.reservations where event_id = @EventId", new { sale.EventId }));
            Assert.Equal("sales_not_open", await (await world.HoldAsync(sale)).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        }
    }

    private static async Task AllOthersFoundNothingLeftAsync(HttpResponseMessage[] answers, int others)
    {
        var refused = answers.Where(a => a.StatusCode != HttpStatusCode.Created).ToArray();
        Assert.Equal(others, refused.Length);
        foreach (var answer in refused) Assert.Equal("insufficient_inventory", await answer.RefusedAsync(HttpStatusCode.Conflict));
    }
}
