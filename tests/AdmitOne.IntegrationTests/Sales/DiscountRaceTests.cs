using System.Net;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Sales;

/// <summary>More buyers than uses, at two replicas and several events, and orders that give their use back.</summary>
public sealed class DiscountRaceTests(ShortHolds world) : IClassFixture<ShortHolds>
{
    [Fact]
    public async Task Two_hundred_buyers_of_a_code_with_fifty_uses_get_fifty_whatever_event_and_replica_they_ask()
    {
        var (one, other) = (await world.PutOnSaleAsync(quantity: 200), await world.PutOnSaleAsync(quantity: 200));
        var replica = await world.SecondReplicaAsync();
        var discount = await world.DiscountAsync(new Dictionary<string, object?> { ["maxUses"] = 50 });
        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(n =>
            world.BuyWithCodeAsync(n % 4 < 2 ? one : other, discount.Text("code"), replica: n % 2 == 0 ? replica.Url : null)));

        Assert.Equal(50, answers.Count(a => a.StatusCode == HttpStatusCode.Created));
        foreach (var answer in answers.Where(a => a.StatusCode != HttpStatusCode.Created)) Assert.Equal("discount_exhausted", await answer.RefusedAsync(HttpStatusCode.UnprocessableEntity));
        Assert.Equal(50, await world.UsedAsync(discount.Id()));
        Assert.Equal(50 * 2250, await world.Ask<long>("select sum(t.paid_minor)::bigint from tickets.tickets t where t.event_id in (@one, @other)", new { one = one.EventId, other = other.EventId }));
        await world.AssertBooksAreRightAsync(one.EventId);
        await world.AssertBooksAreRightAsync(other.EventId);
    }

    [Fact]
    public async Task A_customer_uses_a_code_as_often_as_allowed_however_many_requests_they_send()
    {
        var sales = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => world.PutOnSaleAsync(quantity: 100)));
        var replica = await world.SecondReplicaAsync();
        var discount = await world.DiscountAsync(new Dictionary<string, object?> { ["maxUsesPerCustomer"] = 2 });
        for (var round = 0; round < 3; round++)
        {
            var buyer = Guid.CreateVersion7();
            var answers = await Task.WhenAll(Enumerable.Range(0, 24).Select(n => world.BuyWithCodeAsync(sales[n % 3], discount.Text("code"), buyer: buyer, replica: n % 2 == 0 ? replica.Url : null)));
            Assert.Equal(2, answers.Count(a => a.StatusCode == HttpStatusCode.Created));
        }
        Assert.Equal(6, await world.UsedAsync(discount.Id()));
    }

    [Fact]
    public async Task Holds_promise_the_price_and_not_the_use_so_of_five_that_pay_for_two_uses_two_get_them()
    {
        var sale = await world.PutOnSaleAsync(quantity: 20);
        var discount = await world.DiscountAsync(new Dictionary<string, object?> { ["maxUses"] = 2 });
        var buyers = Enumerable.Range(0, 5).Select(_ => Guid.CreateVersion7()).ToArray();
        var holds = await Task.WhenAll(buyers.Select(async buyer => (await (await world.HoldWithCodeAsync(sale, discount.Text("code"), 1, buyer)).ReadAsync(HttpStatusCode.Created)).Id()));
        var answers = await Task.WhenAll(buyers.Zip(holds).Select(b => world.BuyHeldAsync(b.Second, b.First)));
        Assert.Equal(2, answers.Count(a => a.StatusCode == HttpStatusCode.Created));
        foreach (var answer in answers.Where(a => a.StatusCode != HttpStatusCode.Created)) Assert.Equal("discount_exhausted", await answer.RefusedAsync(HttpStatusCode.UnprocessableEntity));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task An_expired_order_gives_its_use_back_once_and_late_money_takes_it_again_if_it_is_there()
    {
        var sale = await world.PutOnSaleAsync(quantity: 20);
        var discount = await world.DiscountAsync(new Dictionary<string, object?> { ["maxUses"] = 1 });
        await (await world.BuyWithCodeAsync(sale, discount.Text("code"), token: "tok_timeout")).ReadAsync(HttpStatusCode.Accepted);
        Assert.Equal("discount_exhausted", await (await world.BuyWithCodeAsync(sale, discount.Text("code"))).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        await World.UntilAsync(async () => await world.UsedAsync(discount.Id()) == 0);

        var buyer = Guid.CreateVersion7();
        var late = await (await world.BuyWithCodeAsync(sale, discount.Text("code"), 1, buyer, "tok_late")).ReadAsync(HttpStatusCode.Accepted);
        using var client = world.Tickets(Roles.Customer, buyer);
        await World.UntilAsync(async () => (await client.GetJsonAsync($"/api/v1/orders/{late.Id("orderId")}")).Text("status") == "paid");
        Assert.Equal(1, await world.UsedAsync(discount.Id()));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }
}
