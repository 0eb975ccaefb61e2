using System.Net;
using System.Text.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;
using AdmitOne.Tickets.Codes;
using Dapper;

namespace AdmitOne.IntegrationTests.Door;

/// <summary>What a scanner takes along when there will be no network, and what it is told later.</summary>
public sealed class DoorPackTests(World world, ITestOutputHelper output) : IClassFixture<World>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_record_opens_with_its_own_code_and_without_one_the_pack_tells_nothing()
    {
        var sale = await world.PutOnSaleAsync(10);
        var codes = await world.BuyCodesAsync(sale, 4);
        var pack = await PackAsync(sale);
        Assert.True(pack.GetProperty("whole").GetBoolean());
        Assert.Equal(4, pack.Items("records").Count);
        foreach (var (_, code) in codes)
        {
            var ticket = Open(pack, code)!;
            Assert.Equal(("General admission", "Floor", PackedState.Issued, null), (pack.Items("types")[ticket.Type].GetString(), pack.Items("sections")[ticket.Section].GetString(), ticket.State, ticket.Inside));
            Assert.Null(ticket.Secret);
        }
        var text = pack.ToString();
        Assert.All(codes, c => Assert.DoesNotContain(c.TicketId.ToString(), text, StringComparison.Ordinal));
        Assert.All(pack.Items("records"), r => Assert.Equal(52, Convert.FromBase64String(r.GetString()!).Length));

        using var nobody = world.Tickets();
        Assert.Equal(pack.Items("keys")[0].Text("x"), (await nobody.GetJsonAsync("/.well-known/ticket-keys.json")).Items("keys")[0].Text("x"));
        using var key = new TicketKey("EC", "P-256", "sig", "ES256", "", pack.Items("keys")[0].Text("x"), pack.Items("keys")[0].Text("y")).Import();
        var bytes = World.CodeBytes(codes[0].Code);
        Assert.True(key.VerifyData(bytes.AsSpan(0, 49), bytes.AsSpan(49), System.Security.Cryptography.HashAlgorithmName.SHA256));
    }

    [Fact]
    public async Task The_delta_has_what_was_sold_blocked_refunded_transferred_and_admitted_since_and_nothing_else()
    {
        var sale = await world.PutOnSaleAsync(20);
        var codes = await world.BuyCodesAsync(sale, 8);
        var whole = await PackAsync(sale);
        var known = whole.Items("records").Select(r => r.GetString()).ToHashSet();
        Assert.All((await PackAsync(sale, whole.Text("cursor"))).Items("records"), record => Assert.Contains(record.GetString(), known));

        var sold = (await world.BuyCodesAsync(sale))[0].Code;
        await world.Sql("update tickets.tickets set status = 'blocked' where id = @TicketId", new { codes[0].TicketId });
        await world.Sql("update tickets.tickets set status = 'refunded' where id = @TicketId", new { codes[1].TicketId });
        await world.Sql("update tickets.tickets set owner_version = 2 where id = @TicketId", new { codes[2].TicketId });
        await (await world.ScanAsync(sale.EventId, codes[3].Code)).ReadAsync();

        var delta = await PackAsync(sale, whole.Text("cursor"));
        Assert.False(delta.GetProperty("whole").GetBoolean());
        Assert.Equal([PackedState.Blocked, PackedState.Refunded, PackedState.Transferred], codes.Take(3).Select(c => Open(delta, c.Code)!.State));
        Assert.True(Open(delta, codes[3].Code)!.Inside);
        Assert.Equal(PackedState.Issued, Open(delta, sold)!.State);
        // The transferred ticket has a record for each of its owners. What has not changed may come again while a transaction goes on anywhere in the cluster.
        Assert.Equal(6, delta.Items("records").Count(record => !known.Contains(record.GetString())));

        Assert.True((await PackAsync(sale, (await PackAsync(await world.PutOnSaleAsync(1))).Text("cursor"))).GetProperty("whole").GetBoolean());
        using var staff = world.Tickets(Roles.VenueStaff);
        Assert.Equal("validation_failed", await (await staff.GetAsync($"/api/v1/events/{sale.EventId}/door-pack?since=yesterday", Cancellation)).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        using var stranger = world.Tickets(Roles.VenueStaff, tenant: world.OtherTenant);
        Assert.Equal("not_found", await (await stranger.GetAsync($"/api/v1/events/{sale.EventId}/door-pack", Cancellation)).RefusedAsync(HttpStatusCode.NotFound));
    }

    // A time, or the largest id that was seen, would lose it: it was written before the cursor was made, and committed after.
    [Fact]
    public async Task A_change_that_was_under_way_when_the_cursor_was_made_is_in_the_next_delta()
    {
        var sale = await world.PutOnSaleAsync(5);
        var codes = await world.BuyCodesAsync(sale, 2);
        await using var slow = await world.ConnectAsync();
        await using var transaction = await slow.BeginTransactionAsync(Cancellation);
        await slow.ExecuteAsync("update tickets.tickets set status = 'blocked' where id = @TicketId", new { codes[0].TicketId }, transaction);
        await world.Sql("update tickets.tickets set status = 'refunded' where id = @TicketId", new { codes[1].TicketId });
        var cursor = (await PackAsync(sale)).Text("cursor");
        await transaction.CommitAsync(Cancellation);
        Assert.Equal(PackedState.Blocked, Open(await PackAsync(sale, cursor), codes[0].Code)!.State);
    }

    [Fact]
    public async Task At_an_event_with_rotating_codes_a_record_holds_the_secret_that_checks_them()
    {
        var sale = await world.PutOnSaleAsync(5, new SaleOptions { Event = new Dictionary<string, object?> { ["codePolicy"] = "rotating" } });
        var code = (await world.BuyCodesAsync(sale))[0].Code;
        var pack = await PackAsync(sale);
        Assert.True(RotatingCode.TryRead(Open(pack, code)!.Secret!, World.CodeBytes(code).AsSpan(49), out _));
    }

    /// <summary>./test --long --filter-class '*DoorPackTests' prints size and time.</summary>
    [Theory, Trait("Category", "Long"), InlineData("static"), InlineData("rotating")]
    public async Task The_pack_of_a_hundred_thousand_tickets_stays_below_12_MB(string policy)
    {
        var sale = await world.PutOnSaleAsync(100_000, new SaleOptions { Event = new Dictionary<string, object?> { ["codePolicy"] = policy } });
        await world.BuyCodesAsync(sale);
        await world.Sql("""
            insert into tickets.tickets (tenant_id, id, event_id, ticket_type_id, section_id, order_id, user_id, status, face_value_minor, currency)
            select t.tenant_id, gen_random_uuid(), t.event_id, t.ticket_type_id, t.section_id, t.order_id, t.user_id, 'issued', t.face_value_minor, t.currency
              from tickets.tickets t cross join generate_series(1, 99999) where t.event_id = @EventId
            """, new { sale.EventId });
        using var staff = world.Tickets(Roles.VenueStaff);
        var started = TimeProvider.System.GetTimestamp();
        var bytes = await staff.GetByteArrayAsync($"/api/v1/events/{sale.EventId}/door-pack", Cancellation);
        var took = TimeProvider.System.GetElapsedTime(started);
        var pack = JsonDocument.Parse(bytes).RootElement;
        started = TimeProvider.System.GetTimestamp();
        var delta = await PackAsync(sale, pack.Text("cursor"));
        output.WriteLine($"{policy}: {pack.Items("records").Count} records, {bytes.Length / 1e6:N2} MB in {took.TotalSeconds:N2} s; a delta of {delta.Items("records").Count} in {TimeProvider.System.GetElapsedTime(started).TotalMilliseconds:N0} ms");
        Assert.Equal(100_000, pack.Items("records").Count);
        Assert.True(bytes.Length < 12_000_000, $"{bytes.Length} bytes");
    }

    private async Task<JsonElement> PackAsync(Sale sale, string? since = null)
    {
        using var staff = world.Tickets(Roles.VenueStaff);
        return await staff.GetJsonAsync($"/api/v1/events/{sale.EventId}/door-pack" + (since is null ? "" : $"?since={since}"));
    }

    private static PackedTicket? Open(JsonElement pack, string code)
    {
        var carrier = World.CodeBytes(code)[..49];
        var record = pack.Items("records").Select(r => Convert.FromBase64String(r.GetString()!)).LastOrDefault(r => r.AsSpan(0, 8).SequenceEqual(PackRecord.Lookup(carrier)));
        return record is not null && PackRecord.TryOpen(carrier, record, out var ticket) ? ticket : null;
    }
}
