using System.Net;
using System.Net.Http.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Payments;

/// <summary>A buyer's bank asks for the money back, whatever Stripe says of it and in which order.</summary>
public sealed class StripeDisputeTests(StripeWorld fixture) : IClassFixture<StripeWorld>
{
    private World World => fixture.World;

    private StripeServer Stripe => fixture.Stripe;

    [Theory]
    [InlineData("won", "issued")]
    [InlineData("warning_closed", "issued")]
    [InlineData("lost", "blocked")]
    public async Task A_dispute_blocks_the_orders_tickets_and_its_end_decides(string end, string then)
    {
        var order = await BuyAsync();
        var dispute = Stripe.OpenDispute(order.OrderId);
        for (var n = 0; n < 2; n++) await TellAsync(dispute, "charge.dispute.created");
        var open = await World.OrderAsync(order, Roles.VenueManager);
        Assert.All(open.Items("tickets"), t => Assert.Equal("blocked", t.Text("status")));
        Assert.Equal(("open", "needs_response", "fraudulent"), (open.Items("disputes").Single().Text("status"), open.Items("disputes").Single().Text("providerStatus"), open.Items("disputes").Single().Text("reason")));
        Assert.Empty((await World.OrderAsync(order)).Items("disputes"));   // the organiser's business
        Assert.Equal((1, 2), (await ToldAsync("dispute.opened", order), await World.Ask<int>("select count(*)::int from platform.outbox where type = 'ticket.blocked' and resource_id = any (@Tickets)", new { Tickets = order.Tickets.ToArray() })));

        Stripe.MoveDispute(dispute, "under_review");
        await TellAsync(dispute, "charge.dispute.updated");
        Assert.Equal("under_review", (await World.OrderAsync(order, Roles.VenueManager)).Items("disputes").Single().Text("providerStatus"));
        Stripe.MoveDispute(dispute, end);
        foreach (var late in new[] { "charge.dispute.closed", "charge.dispute.funds_reinstated", "charge.dispute.created" }) await TellAsync(dispute, late);
        Assert.All((await World.OrderAsync(order)).Items("tickets"), t => Assert.Equal(then, t.Text("status")));
        Assert.Equal(1, await ToldAsync("dispute.closed", order));
        Assert.True(await World.Ask<int>("select count(*)::int from platform.audit_log where resource_id = @OrderId and action in ('dispute.open', 'dispute.move')", new { order.OrderId }) >= 3);
        await World.AssertBooksAreRightAsync();
    }

    [Fact]
    public async Task Events_at_once_block_once_and_a_won_dispute_unblocks_only_what_it_blocked()
    {
        var order = await BuyAsync();
        await MoveTicketAsync(order.Tickets[0], "block");
        var dispute = Stripe.OpenDispute(order.OrderId);
        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => TellAsync(dispute, "charge.dispute.created")));
        Assert.Equal(1, await ToldAsync("dispute.opened", order));
        Stripe.MoveDispute(dispute, "won");
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => TellAsync(dispute, "charge.dispute.closed")));
        var tickets = (await World.OrderAsync(order)).Items("tickets").ToDictionary(t => t.Id(), t => t.Text("status"));
        Assert.Equal(("blocked", "issued"), (tickets[order.Tickets[0]], tickets[order.Tickets[1]]));
    }

    [Fact]
    public async Task What_a_manager_lets_go_stays_unblocked_and_with_two_disputes_both_must_be_won()
    {
        var order = await BuyAsync();
        var first = Stripe.OpenDispute(order.OrderId);
        await TellAsync(first, "charge.dispute.created");
        await MoveTicketAsync(order.Tickets[0], "unblock");
        Stripe.MoveDispute(first, "under_review");
        await TellAsync(first, "charge.dispute.updated");
        Assert.Equal("issued", await StatusAsync(order.Tickets[0]));

        var second = Stripe.OpenDispute(order.OrderId);
        await TellAsync(second, "charge.dispute.created");
        Assert.Equal("blocked", await StatusAsync(order.Tickets[0]));
        Stripe.MoveDispute(first, "won");
        await TellAsync(first, "charge.dispute.closed");
        Assert.Equal(("blocked", "blocked"), (await StatusAsync(order.Tickets[0]), await StatusAsync(order.Tickets[1])));
        Stripe.MoveDispute(second, "won");
        await TellAsync(second, "charge.dispute.closed");
        Assert.Equal(("issued", "issued"), (await StatusAsync(order.Tickets[0]), await StatusAsync(order.Tickets[1])));
    }

    [Fact]
    public async Task Where_disputes_do_not_block_they_are_told_all_the_same()
    {
        await using var world = await World.AnotherAsync([.. Stripe.Settings, ("STRIPE_DISPUTES_BLOCK", "false")]);
        var sale = await world.PutOnSaleAsync(2);
        var bought = await (await world.PayAsync(sale, "stripe", "pm_card_visa")).ReadAsync(HttpStatusCode.Created);
        var dispute = Stripe.OpenDispute(bought.Id("orderId"));
        using var client = world.Tickets();
        Assert.Equal(HttpStatusCode.OK, (await Stripe.TellOfDisputeAsync(client, dispute, "charge.dispute.created")).StatusCode);
        Assert.Equal("issued", await world.Ask<string>("select status from tickets.tickets where order_id = @id", new { id = bought.Id("orderId") }));
        Assert.Equal(1, await world.Ask<int>("select count(*)::int from platform.outbox where type = 'dispute.opened' and resource_id = @id", new { id = bought.Id("orderId") }));
    }

    private async Task<Bought> BuyAsync()
    {
        var sale = await World.PutOnSaleAsync(quantity: 4);
        var buyer = Guid.CreateVersion7();
        var bought = await (await World.PayAsync(sale, "stripe", "pm_card_visa", quantity: 2, buyer)).ReadAsync(HttpStatusCode.Created);
        return new Bought(bought.Id("orderId"), buyer, [.. bought.Items("tickets").Select(t => t.Id())]);
    }

    private Task<string?> StatusAsync(Guid ticket) => World.Ask<string>("select status from tickets.tickets where id = @ticket", new { ticket });

    private Task<int> ToldAsync(string type, Bought order) => World.Ask<int>("select count(*)::int from platform.outbox where type = @type and resource_id = @OrderId", new { type, order.OrderId });

    private async Task MoveTicketAsync(Guid ticket, string verb)
    {
        using var manager = World.Tickets(Roles.VenueManager);
        using var answer = await manager.PostAsJsonAsync($"/api/v1/tickets/{ticket}/{verb}", new { reason = "A person says so." }, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    private async Task TellAsync(string dispute, string type)
    {
        using var client = World.Tickets();
        using var answer = await Stripe.TellOfDisputeAsync(client, dispute, type);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }
}
