using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;
using AdmitOne.Tickets.Codes;

namespace AdmitOne.IntegrationTests.Door;

/// <summary>A scan by mistake is taken back once, and everything that counts admissions agrees.</summary>
public sealed class UndoScanTests(World world) : IClassFixture<World>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    [Fact]
    public async Task An_undone_scan_lets_the_ticket_in_again_and_numbers_pack_history_and_audit_say_so()
    {
        var sale = await world.PutOnSaleAsync(5);
        var (ticketId, code) = (await world.BuyCodesAsync(sale))[0];
        var scan = await ScannedAsync(sale, code, "North");
        using var staff = world.Tickets(Roles.VenueStaff);
        var pack = await staff.GetJsonAsync($"/api/v1/events/{sale.EventId}/door-pack");
        Assert.True(Open(pack, code)!.Inside);

        var undone = await (await UndoAsync(scan.Id(), "  Held up for a friend ")).ReadAsync();
        Assert.Equal((scan.Id(), ticketId, "Held up for a friend"), (undone.Id(), undone.Id("ticketId"), undone.Text("reason")));
        Assert.False(undone.GetProperty("admitted").GetBoolean());
        Assert.False(undone.GetProperty("inside").GetBoolean());
        // Again, with another reason: nothing is done, and the answer is the first one's.
        Assert.Equal(undone.ToString(), (await (await UndoAsync(scan.Id(), "Another")).ReadAsync()).ToString());

        await World.UntilAsync(async () => (await staff.GetJsonAsync($"/api/v1/events/{sale.EventId}/door")).Number("admitted") == 0);
        var delta = await staff.GetJsonAsync($"/api/v1/events/{sale.EventId}/door-pack?since={pack.Text("cursor")}");
        Assert.Null(Open(delta, code)!.Inside);
        Assert.Equal("undone", await world.Ask<string>("select result from tickets.ticket_validations where id = @Id and undone_at is not null and undo_reason = 'Held up for a friend'", new { Id = scan.Id() }));
        await World.UntilAsync(async () => await world.Ask<int>("""
            select count(*)::int from platform.audit_log where action = 'scan.undo' and resource_id = @ticketId and actor_id is not null and row_to_json(audit_log)::text like '%Held up for a friend%'
            """, new { ticketId }) == 1);

        var again = await ScannedAsync(sale, code, "South");
        Assert.Equal("already_admitted", (await (await world.ScanAsync(sale.EventId, code)).ReadAsync()).Text("reason"));
        // The first undo is over: it does not take back what came after it.
        await (await UndoAsync(scan.Id(), "Once more")).ReadAsync();
        Assert.Equal("South", await world.Ask<string>("select gate from tickets.admissions where ticket_id = @ticketId and validation_id = @Id", new { ticketId, Id = again.Id() }));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task Only_the_last_scan_that_let_in_is_undone_and_only_by_staff_of_the_organiser()
    {
        var sale = await world.PutOnSaleAsync(5, new SaleOptions { Event = new Dictionary<string, object?> { ["reEntry"] = true } });
        var (ticketId, code) = (await world.BuyCodesAsync(sale))[0];
        var first = await ScannedAsync(sale, code, "A");
        var refused = await (await world.ScanAsync(sale.EventId, code)).ReadAsync();
        var left = await (await world.ScanAsync(sale.EventId, code, direction: "out")).ReadAsync();
        foreach (var scan in new[] { first.Id(), refused.Id(), left.Id() })
            Assert.Equal("scan_not_undoable", await (await UndoAsync(scan)).RefusedAsync(HttpStatusCode.Conflict));

        // Back inside, and taken back: outside again, admitted once as before.
        var back = await ScannedAsync(sale, code, "B");
        Assert.Equal("not_found", await (await UndoAsync(back.Id(), tenant: world.OtherTenant)).RefusedAsync(HttpStatusCode.NotFound));
        Assert.Equal("role_required", await (await UndoAsync(back.Id(), role: Roles.Customer)).RefusedAsync(HttpStatusCode.Forbidden));
        Assert.Equal("validation_failed", await (await UndoAsync(back.Id(), " ")).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        var undone = await (await UndoAsync(back.Id())).ReadAsync();
        Assert.Equal((true, false), (undone.GetProperty("admitted").GetBoolean(), undone.GetProperty("inside").GetBoolean()));
        Assert.Equal("A", await world.Ask<string>("select gate from tickets.admissions where ticket_id = @ticketId and not inside", new { ticketId }));
        await ScannedAsync(sale, code, "B");
        Assert.Equal("not_found", await (await UndoAsync(Guid.CreateVersion7())).RefusedAsync(HttpStatusCode.NotFound));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task Uploads_are_judged_as_if_the_undone_scan_had_not_been()
    {
        var sale = await world.PutOnSaleAsync(5);
        await world.AgeTicketsAsync(sale, TimeSpan.FromHours(1));
        var codes = await world.BuyCodesAsync(sale, 2);
        await world.AgeTicketsAsync(sale, TimeSpan.FromHours(1));

        // Uploaded before the undo: two people may be inside, then one, who came by the scanner.
        var online = await ScannedAsync(sale, codes[0].Code, "Online");
        Assert.Equal(("conflict", "already_admitted"), (await world.UploadAsync(sale, [new OfflineScanMade("one", codes[0].Code, Now.AddMinutes(-5), "Offline")]))["one"]);
        Assert.Single(await world.ConflictsAsync(sale));
        var undone = await (await UndoAsync(online.Id())).ReadAsync();
        Assert.Equal((true, true), (undone.GetProperty("admitted").GetBoolean(), undone.GetProperty("inside").GetBoolean()));
        Assert.Empty(await world.ConflictsAsync(sale));
        Assert.Equal("Offline", await world.Ask<string>("select gate from tickets.admissions where ticket_id = @TicketId", new { codes[0].TicketId }));
        Assert.Equal("Offline", (await (await world.ScanAsync(sale.EventId, codes[0].Code)).ReadAsync()).GetProperty("firstAdmitted").Text("gate"));

        // Uploaded after it: it counts, and what is sent again is answered as at first.
        online = await ScannedAsync(sale, codes[1].Code, "Online");
        await (await UndoAsync(online.Id())).ReadAsync();
        var late = new OfflineScanMade("two", codes[1].Code, Now.AddMinutes(-5), "Offline");
        Assert.Equal(("accepted", "ok"), (await world.UploadAsync(sale, [late]))["two"]);
        var recorded = await world.Ask<Guid>("select validation_id from tickets.admissions where ticket_id = @TicketId", new { codes[1].TicketId });
        await (await UndoAsync(recorded)).ReadAsync();
        await world.UploadAsync(sale, [late with { Id = "three" }], staff: Guid.CreateVersion7());
        Assert.Equal("admitted", await world.Ask<string>("select v.result from tickets.admissions a join tickets.ticket_validations v on v.id = a.validation_id where a.ticket_id = @TicketId", new { codes[1].TicketId }));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task However_many_undo_and_scan_at_once_each_undo_makes_room_for_one_admission()
    {
        var sale = await world.PutOnSaleAsync(5);
        var replica = await world.StartReplicaAsync();
        var (ticketId, code) = (await world.BuyCodesAsync(sale))[0];
        var scan = await ScannedAsync(sale, code, "A");
        var undos = Enumerable.Range(0, 8).Select(async n => await (await UndoAsync(scan.Id(), $"Reason {n}", url: n % 2 == 0 ? replica.Url : null)).ReadAsync());
        var scans = Enumerable.Range(0, 16).Select(async n => await (await world.ScanAsync(sale.EventId, code, $"gate {n}", replica: n % 2 == 0 ? replica.Url : null)).ReadAsync());
        var (undone, scanned) = (Task.WhenAll(undos), Task.WhenAll(scans));

        var (reasons, admitted) = ((await undone).Select(u => (u.Text("reason"), u.Instant("undoneAt"))).Distinct().ToArray(), (await scanned).Count(s => s.Text("result") == "admitted"));
        Assert.Single(reasons);
        Assert.InRange(admitted, 0, 1);
        Assert.Equal(admitted, await world.Ask<int>("select count(*)::int from tickets.admissions where ticket_id = @ticketId", new { ticketId }));
        Assert.Equal(1, await world.Ask<int>("select count(*)::int from tickets.ticket_validations where ticket_id = @ticketId and result = 'undone'", new { ticketId }));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    private async Task<JsonElement> ScannedAsync(Sale sale, string code, string gate)
    {
        var scan = await (await world.ScanAsync(sale.EventId, code, gate)).ReadAsync();
        Assert.Equal("ok", scan.Text("reason"));
        return scan;
    }

    private async Task<HttpResponseMessage> UndoAsync(Guid scan, string reason = "By mistake", string role = Roles.VenueStaff, Guid? tenant = null, Uri? url = null)
    {
        using var client = world.Client(url ?? world.TicketsUrl, role, tenant: tenant);
        return await client.PostAsJsonAsync($"/api/v1/scans/{scan}/undo", new { reason }, Cancellation);
    }

    private static PackedTicket? Open(JsonElement pack, string code)
    {
        var carrier = World.CodeBytes(code)[..49];
        var record = pack.Items("records").Select(r => Convert.FromBase64String(r.GetString()!)).LastOrDefault(r => r.AsSpan(0, 8).SequenceEqual(PackRecord.Lookup(carrier)));
        return record is not null && PackRecord.TryOpen(carrier, record, out var ticket) ? ticket : null;
    }
}
