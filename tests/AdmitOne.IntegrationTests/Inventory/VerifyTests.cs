using System.Net;
using System.Text.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;
using AdmitOne.Schema;

namespace AdmitOne.IntegrationTests.Inventory;

/// <summary>
/// The recount names each fault with its ids, to the administrator over HTTP and to the auditor at the command line. The faults are planted
/// behind the product's back, where need be without the constraint that would have refused them.
/// </summary>
public sealed class VerifyTests(World world, Stack stack) : IClassFixture<World>
{
    [Fact]
    public async Task A_sale_in_order_has_no_faults()
    {
        var sale = await world.PutOnSaleAsync(quantity: 10);
        var buyer = Guid.CreateVersion7();
        await (await world.HoldAsync(sale, quantity: 2)).ReadAsync(HttpStatusCode.Created);
        await (await world.BuyAsync(sale, quantity: 3, buyer)).ReadAsync(HttpStatusCode.Created);
        var (_, code) = (await world.BuyCodesAsync(sale))[0];
        Assert.Equal("admitted", (await (await world.ScanAsync(sale.EventId, code)).ReadAsync()).Text("result"));

        await world.AssertBooksAreRightAsync(sale.EventId);
        var run = await VerifyAsync("--event", sale.EventId.ToString());
        Assert.Equal((0, ""), (run.ExitCode, run.Errors));
        Assert.Equal(["recounted 1 ticket type of 3 tenants: no faults"], run.Lines);   // two organisers and the platform
    }

    [Fact]
    public async Task Oversold_names_the_ticket_type_and_the_section()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);
        await (await world.HoldAsync(sale, quantity: 3)).ReadAsync(HttpStatusCode.Created);
        await world.Sql("""
            alter table tickets.stock drop constraint stock_never_oversold;
            alter table tickets.section_stock drop constraint section_stock_never_oversold;
            update tickets.stock set quantity = 2 where ticket_type_id = @TicketTypeId;
            update tickets.section_stock set capacity = 2 where section_id = @SectionId;
            """, sale);
        await AssertFoundAsync(sale, "oversold", ("oversold", sale.TicketTypeId), ("oversold", sale.SectionId));
    }

    [Fact]
    public async Task Leaked_names_the_counters_that_no_rows_explain()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);
        await (await world.HoldAsync(sale, quantity: 2)).ReadAsync(HttpStatusCode.Created);
        await world.Sql("""
            update tickets.stock set held = held + 1 where ticket_type_id = @TicketTypeId;
            update tickets.section_stock set sold = sold + 1 where section_id = @SectionId;
            """, sale);
        await AssertFoundAsync(sale, "leaked", ("leaked", sale.TicketTypeId), ("leaked", sale.SectionId));
    }

    [Fact]
    public async Task Admitted_twice_names_the_ticket()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);
        var (ticket, code) = (await world.BuyCodesAsync(sale))[0];
        Assert.Equal("admitted", (await (await world.ScanAsync(sale.EventId, code)).ReadAsync()).Text("result"));
        await world.Sql("""
            alter table tickets.ticket_validations drop constraint ticket_validations_pkey;
            alter table tickets.admissions drop constraint admissions_pkey;
            insert into tickets.ticket_validations select * from tickets.ticket_validations where ticket_id = @ticket and result = 'admitted';
            insert into tickets.admissions select * from tickets.admissions where ticket_id = @ticket;
            """, new { ticket });
        await AssertFoundAsync(sale, "admittedTwice", ("admitted_twice", ticket), ("admitted_twice", ticket));
    }

    [Fact]
    public async Task An_order_without_its_tickets_is_named()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);
        var order = await (await world.BuyAsync(sale, quantity: 2)).ReadAsync(HttpStatusCode.Created);
        var ticket = order.Items("tickets")[0].Id();
        await world.Sql("""
            delete from tickets.tickets where id = @ticket;
            update tickets.stock set sold = sold - 1 where ticket_type_id = @TicketTypeId;
            update tickets.section_stock set sold = sold - 1 where section_id = @SectionId;
            """, new { ticket, sale.TicketTypeId, sale.SectionId });
        await AssertFoundAsync(sale, "ordersWithoutTickets", ("order_without_tickets", order.Id("orderId")));
    }

    [Fact]
    public async Task Money_that_does_not_add_up_names_the_order()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);
        var order = await (await world.BuyAsync(sale, quantity: 2)).ReadAsync(HttpStatusCode.Created);
        var underpaid = await (await world.BuyAsync(sale)).ReadAsync(HttpStatusCode.Created);
        await world.Sql("""
            update tickets.orders set total_minor = total_minor - 1 where id = @order;
            update tickets.payments set amount_minor = amount_minor - 1 where order_id = @underpaid;
            """, new { order = order.Id("orderId"), underpaid = underpaid.Id("orderId") });
        await AssertFoundAsync(sale, "moneyMismatch", ("money_mismatch", order.Id("orderId")), ("money_mismatch", underpaid.Id("orderId")));
    }

    [Fact]
    public async Task The_auditor_sees_every_tenant_and_can_look_at_one()
    {
        var theirs = await world.PutOnSaleAsync(quantity: 5, new SaleOptions { Tenant = world.OtherTenant });
        await world.Sql("update tickets.stock set held = 1 where ticket_type_id = @TicketTypeId", theirs);

        var all = await VerifyAsync();
        Assert.Equal(1, all.ExitCode);
        Assert.Contains(all.Lines, line => line.StartsWith($"leaked: tenant {theirs.Tenant}, event {theirs.EventId}, id {theirs.TicketTypeId}: ", StringComparison.Ordinal));
        var one = await VerifyAsync("--tenant", theirs.Tenant.ToString());
        Assert.Equal("recounted 1 ticket type of 1 tenant: 1 fault (1 leaked)", one.Lines[^1]);
        Assert.Equal(3, one.Lines.Count);
        Assert.StartsWith("checked ", one.Lines[0], StringComparison.Ordinal);   // the audit log
        // An administrator sees no other tenant's.
        using var stranger = world.Tickets(Roles.Admin);
        using var answer = await stranger.GetAsync($"/api/v1/admin/inventory/verify?eventId={theirs.EventId}", TestContext.Current.CancellationToken);
        Assert.Equal("not_found", await answer.RefusedAsync(HttpStatusCode.NotFound));
    }

    [Fact]
    public async Task What_cannot_be_looked_at_is_said_in_one_line_and_is_no_verdict()
    {
        var unknown = await VerifyAsync("--event", Guid.CreateVersion7().ToString());
        Assert.Equal((2, ""), (unknown.ExitCode, unknown.Output));
        Assert.StartsWith("admitone: there is no event ", Assert.Single(unknown.Errors.TrimEnd().Split('\n')), StringComparison.Ordinal);

        var refused = await CommandRun.StartAsync([.. Variables.Where(v => v.Name != "DB_AUDIT_PASSWORD"), ("DB_AUDIT_PASSWORD", "wrong")], "verify");
        Assert.Equal((2, ""), (refused.ExitCode, refused.Output));
        Assert.Contains("refused the login of admitone_audit", Assert.Single(refused.Errors.TrimEnd().Split('\n')), StringComparison.Ordinal);

        var nowhere = await CommandRun.StartAsync([("ADMITONE_DATA", Path.Combine(stack.Folder, "nothing-here"))], "verify");
        Assert.Equal(2, nowhere.ExitCode);
        Assert.Contains("DB_HOST is not set", nowhere.Errors, StringComparison.Ordinal);
    }

    /// <summary>Exactly these faults, in both places.</summary>
    private async Task AssertFoundAsync(Sale sale, string count, params (string Kind, Guid Id)[] expected)
    {
        var report = await world.VerifyAsync(sale.EventId);
        Assert.Equal(expected.Length, report.Number(count));
        Assert.Equal(Sorted(expected), Sorted(report.Items("problems").Select(Named)));
        Assert.All(report.Items("problems"), problem => Assert.Equal(sale.EventId, problem.Id("eventId")));

        var run = await VerifyAsync("--event", sale.EventId.ToString());
        Assert.Equal((1, ""), (run.ExitCode, run.Errors));
        Assert.Equal(expected.Length + 1, run.Lines.Count);
        Assert.All(expected, one => Assert.Contains(run.Lines, line => line.StartsWith($"{one.Kind}: tenant {sale.Tenant}, event {sale.EventId}, id {one.Id}: ", StringComparison.Ordinal)));
        Assert.EndsWith($"({expected.Length} {expected[0].Kind})", run.Lines[^1], StringComparison.Ordinal);
    }

    private (string Name, string? Value)[] Variables =>
    [
        ("DB_HOST", world.TicketsSettings["DB_HOST"]), ("DB_PORT", world.TicketsSettings["DB_PORT"]), ("DB_NAME", world.TicketsSettings["DB_NAME"]),
        ("DB_AUDIT_PASSWORD", stack.Passwords[DatabaseRoles.Audit]),
    ];

    private Task<CommandRun> VerifyAsync(params string[] options) => CommandRun.StartAsync(Variables, ["verify", .. options]);

    private static (string, Guid) Named(JsonElement problem) => (problem.Text("kind"), problem.Id());

    private static IEnumerable<(string, Guid)> Sorted(IEnumerable<(string Kind, Guid Id)> found) => found.OrderBy(f => f.Kind, StringComparer.Ordinal).ThenBy(f => f.Id);
}
