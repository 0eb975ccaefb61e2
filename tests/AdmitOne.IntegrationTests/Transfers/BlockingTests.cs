using System.Net;
using System.Net.Http.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Transfers;

public sealed class BlockingTests(World world) : IClassFixture<World>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_blocked_ticket_shows_no_code_and_admits_nobody_until_it_is_let_go()
    {
        var (sale, anna) = (await world.PutOnSaleAsync(quantity: 5), Guid.CreateVersion7());
        var ticket = await world.BuyTicketAsync(sale, anna);
        var code = await world.CodeAsync(ticket, anna);
        for (var time = 0; time < 2; time++) Assert.Equal("blocked", (await (await world.BlockAsync(ticket)).ReadAsync()).Text("status"));
        Assert.Equal("blocked", (await (await world.ScanAsync(sale.EventId, code)).ReadAsync()).Text("reason"));
        using var hers = world.Tickets(Roles.Customer, anna);
        Assert.Equal("ticket_not_issued", await (await hers.GetAsync($"/api/v1/tickets/{ticket}/qr", Cancellation)).RefusedAsync(HttpStatusCode.Conflict));
        await world.AssertBooksAreRightAsync(sale.EventId);

        for (var time = 0; time < 2; time++) Assert.Equal("issued", (await (await world.BlockAsync(ticket, "unblock")).ReadAsync()).Text("status"));
        Assert.Equal("ok", (await (await world.ScanAsync(sale.EventId, code)).ReadAsync()).Text("reason"));
        Assert.Equal((1, 1), (await world.ToldAsync("ticket.blocked", ticket), await world.ToldAsync("ticket.unblocked", ticket)));
    }

    [Theory]
    [InlineData("refunded")]
    [InlineData("cancelled")]
    public async Task A_dead_ticket_is_neither_blocked_nor_brought_back(string status)
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);
        var ticket = await world.BuyTicketAsync(sale, Guid.CreateVersion7());
        await world.Sql("update tickets.tickets set status = @status where id = @ticket", new { ticket, status });
        foreach (var what in new[] { "block", "unblock" }) Assert.Equal("ticket_not_issued", await (await world.BlockAsync(ticket, what)).RefusedAsync(HttpStatusCode.Conflict));
    }

    [Fact]
    public async Task Only_a_manager_of_the_organiser_blocks_and_says_why()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);
        var ticket = await world.BuyTicketAsync(sale, Guid.CreateVersion7());
        var body = new { reason = "Why not" };
        foreach (var role in new[] { Roles.Customer, Roles.VenueStaff })
        {
            using var client = world.Tickets(role);
            Assert.Equal("role_required", await (await client.PostAsJsonAsync($"/api/v1/tickets/{ticket}/block", body, Cancellation)).RefusedAsync(HttpStatusCode.Forbidden));
        }
        using var other = world.Tickets(Roles.VenueManager, tenant: world.OtherTenant);
        Assert.Equal("not_found", await (await other.PostAsJsonAsync($"/api/v1/tickets/{ticket}/block", body, Cancellation)).RefusedAsync(HttpStatusCode.NotFound));
        using var manager = world.Tickets(Roles.VenueManager);
        Assert.Equal("validation_failed", await (await manager.PostAsJsonAsync($"/api/v1/tickets/{ticket}/block", new { reason = " " }, Cancellation)).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        Assert.Equal("invalid_json", await (await manager.PostAsJsonAsync($"/api/v1/tickets/{ticket}/block", new { }, Cancellation)).RefusedAsync(HttpStatusCode.BadRequest));
    }
}
