using System.Net;
using System.Text.Json;
using AdmitOne.IntegrationTests.Harness;

namespace AdmitOne.IntegrationTests.Refunds;

/// <summary>A ticket that changed hands is given back by who has it; the money goes to who paid; both hear of it.</summary>
public sealed class TransferredTicketTests(World world) : IClassFixture<World>
{
    private static readonly SaleOptions s_inThreeDays = new() { StartsIn = TimeSpan.FromDays(3) };

    [Fact]
    public async Task Its_holder_gives_it_back_and_its_buyer_is_told_why_they_cannot()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5, s_inThreeDays with { Event = new Dictionary<string, object?> { ["refundPolicy"] = new { untilHoursBefore = 24, feePercent = 10 } } });
        var order = await world.BoughtAsync(sale, quantity: 3);
        var ben = Guid.CreateVersion7();
        await world.GiveAsync(order.Tickets[0], order.Buyer, ben);

        Assert.Equal("not_owner", await (await world.RefundAsync(order, [order.Tickets[0]])).RefusedAsync(HttpStatusCode.Forbidden));
        Assert.Equal("not_owner", await (await world.RefundAsync(order, [order.Tickets[1]], by: ben)).RefusedAsync(HttpStatusCode.Forbidden));
        Assert.Equal("not_owner", await (await world.RefundAsync(order, by: Guid.CreateVersion7())).RefusedAsync(HttpStatusCode.Forbidden));
        var would = await (await world.RefundAsync(order, preview: true)).ReadAsync();
        Assert.Equal((order.Tickets[0], "not_owner"), (would.Items("leftOut").Single().Id("ticketId"), would.Items("leftOut").Single().Text("reason")));

        var hers = await (await world.RefundAsync(order, by: ben)).ReadAsync(HttpStatusCode.Created);
        Assert.Equal((2250, 250, 0), (Amount(hers, "amount"), Amount(hers, "fee"), hers.Items("leftOut").Count));
        Assert.Equal(order.Tickets[0], hers.Items("ticketIds").Single().GetGuid());
        // To the payment of the order, which is the buyer's; the message names both.
        Assert.Equal(hers.Id(), (await world.OrderAsync(order)).Items("refunds").Single().Id());
        using var told = JsonDocument.Parse((await world.Ask<string>("select data::text from platform.outbox where type = 'ticket.refunded' and resource_id = @ticket", new { ticket = order.Tickets[0] }))!);
        Assert.Equal((ben, order.Buyer), (told.RootElement.Id("holderId"), told.RootElement.Id("buyerId")));
        Assert.Equal("already_refunded", await (await world.RefundAsync(order, by: ben)).RefusedAsync(HttpStatusCode.Conflict));
        Assert.Equal("already_refunded", await (await world.RefundAsync(order, [order.Tickets[0]])).RefusedAsync(HttpStatusCode.Conflict));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task When_all_were_given_away_the_buyers_reason_is_that_and_the_policy_binds_the_holder()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);   // the refund window closed a day before
        var order = await world.BoughtAsync(sale);
        var ben = Guid.CreateVersion7();
        await world.GiveAsync(order.Tickets[0], order.Buyer, ben);
        Assert.Equal("not_owner", await (await world.RefundAsync(order)).RefusedAsync(HttpStatusCode.Forbidden));
        Assert.Equal("refund_window_closed", await (await world.RefundAsync(order, by: ben)).RefusedAsync(HttpStatusCode.UnprocessableEntity));

        // A postponed event that has its new date gives all back to whoever asks for a ticket of their own.
        await world.MoveAsync(sale.EventId, "postponed");
        await world.MoveAsync(sale.EventId, "rescheduled");
        Assert.Equal("not_owner", await (await world.RefundAsync(order)).RefusedAsync(HttpStatusCode.Forbidden));
        Assert.Equal(2500, Amount(await (await world.RefundAsync(order, by: ben)).ReadAsync(HttpStatusCode.Created), "amount"));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task A_used_or_blocked_ticket_is_not_given_back_by_its_new_holder()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5, new SaleOptions { Event = new Dictionary<string, object?> { ["refundPolicy"] = new { untilHoursBefore = 0, feePercent = 0 } } });
        var (used, blocked, ben) = (await world.BoughtAsync(sale), await world.BoughtAsync(sale), Guid.CreateVersion7());
        foreach (var order in new[] { used, blocked }) await world.GiveAsync(order.Tickets[0], order.Buyer, ben);
        await world.ScanAsync(sale.EventId, await world.CodeAsync(used.Tickets[0], ben));
        await (await world.BlockAsync(blocked.Tickets[0])).ReadAsync();
        Assert.Equal("ticket_used", await (await world.RefundAsync(used, by: ben)).RefusedAsync(HttpStatusCode.Conflict));
        Assert.Equal("ticket_blocked", await (await world.RefundAsync(blocked, by: ben)).RefusedAsync(HttpStatusCode.Conflict));
    }

    [Fact]
    public async Task A_ticket_that_is_being_accepted_and_given_back_ends_with_one_of_the_two()
    {
        var sale = await world.PutOnSaleAsync(quantity: 20, s_inThreeDays);
        var replica = await world.StartReplicaAsync();
        for (var n = 0; n < 12; n++)
        {
            var (order, ben) = (await world.BoughtAsync(sale), Guid.CreateVersion7());
            var offer = await world.OfferedAsync(order.Tickets[0], order.Buyer, ben);
            var accept = world.AnswerTransferAsync(offer, ben);
            var refund = world.RefundAsync(order, replica: replica.Url);
            var (accepted, given) = (await accept, await refund);
            Assert.True(accepted.StatusCode == HttpStatusCode.OK != (given.StatusCode == HttpStatusCode.Created), $"{accepted.StatusCode} and {given.StatusCode}");
            if (accepted.StatusCode == HttpStatusCode.OK) Assert.Equal("not_owner", await given.RefusedAsync(HttpStatusCode.Forbidden));
        }
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    private static long Amount(JsonElement refund, string property) => refund.GetProperty(property).Number("amount");
}
