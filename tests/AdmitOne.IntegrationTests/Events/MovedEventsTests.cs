using System.Net;
using System.Text.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using Microsoft.Extensions.DependencyInjection;

namespace AdmitOne.IntegrationTests.Events;

/// <summary>A sold event that moves to another date or place gives its holders two days to have their money back.</summary>
public sealed class MovedEventsTests(World world) : IClassFixture<World>
{
    private readonly EventDesk _desk = new(world);

    [Theory]
    [InlineData(0, 61, true)]
    [InlineData(0, -61, true)]
    [InlineData(0, 60, false)]
    // Several small steps are one large one.
    [InlineData(50, 50, true)]
    [InlineData(50, -50, false)]
    public async Task More_than_an_hour_opens_the_window_and_less_does_not(int firstMinutes, int minutes, bool opens)
    {
        var sale = await SoldAsync();
        var start = (await _desk.FindAsync(sale.EventId)).Instant("startsAt");
        if (firstMinutes != 0) Assert.Equal(JsonValueKind.Null, (await MoveAsync(sale, start.AddMinutes(firstMinutes))).GetProperty("refundWindowUntil").ValueKind);
        var moved = await MoveAsync(sale, start.AddMinutes(firstMinutes + minutes));
        var now = TimeProvider.System.GetUtcNow();
        if (opens) Assert.InRange(moved.Instant("refundWindowUntil"), now.AddHours(48).AddMinutes(-1), now.AddHours(48).AddMinutes(1));
        else Assert.Equal(JsonValueKind.Null, moved.GetProperty("refundWindowUntil").ValueKind);

        // The Ticket Service sees it, and everybody is told.
        await using (var work = await world.TicketsServices.GetRequiredService<Database>().BeginAsync(sale.Tenant, TestContext.Current.CancellationToken))
            Assert.Equal(opens, await work.FindAsync<bool>("select refund_window_until is not null from events.sale_window where event_id = @EventId", new { sale.EventId }, TestContext.Current.CancellationToken));
        var told = await world.Ask<string>("select data::text from platform.outbox where resource_id = @EventId and type = 'event.moved' order by occurred_at desc limit 1", new { sale.EventId });
        Assert.Equal(opens ? JsonValueKind.String : JsonValueKind.Null, JsonDocument.Parse(told!).RootElement.GetProperty("refundWindowUntil").ValueKind);
        Assert.Equal(JsonDocument.Parse(told!).RootElement.GetProperty("to").Instant("startsAt"), moved.Instant("startsAt"));
    }

    [Fact]
    public async Task Another_venue_opens_it_another_text_does_not()
    {
        var sale = await SoldAsync();
        var same = await (await _desk.ChangeAsync(sale.EventId, new { name = "Renamed", salesEndAt = EventDesk.At(TimeProvider.System.GetUtcNow().AddDays(2)) })).ReadAsync();
        Assert.Equal(JsonValueKind.Null, same.GetProperty("refundWindowUntil").ValueKind);
        var moved = await (await _desk.ChangeAsync(sale.EventId, new { venueId = await _desk.VenueAsync(500) })).ReadAsync();
        var until = moved.Instant("refundWindowUntil");
        // Further edits leave it as it is.
        Assert.Equal(until, (await (await _desk.ChangeAsync(sale.EventId, new { name = "Renamed again" })).ReadAsync()).Instant("refundWindowUntil"));
        Assert.Equal(1, await world.Ask<int>("select count(*) from platform.outbox where resource_id = @EventId and type = 'event.moved'", new { sale.EventId }));
    }

    [Fact]
    public async Task Before_the_first_sale_nobody_is_owed_anything()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5, new SaleOptions { StartsIn = TimeSpan.FromDays(10) });
        var start = (await _desk.FindAsync(sale.EventId)).Instant("startsAt");
        Assert.Equal(JsonValueKind.Null, (await MoveAsync(sale, start.AddDays(3))).GetProperty("refundWindowUntil").ValueKind);
        await (await world.HoldAsync(sale)).ReadAsync(HttpStatusCode.Created);
        // Whoever is paying this moment counts as a buyer.
        Assert.Equal(JsonValueKind.String, (await MoveAsync(sale, start)).GetProperty("refundWindowUntil").ValueKind);
    }

    [Fact]
    public async Task Moved_back_before_anybody_used_it_the_window_closes_and_the_promise_is_the_old_start()
    {
        var sale = await SoldAsync();
        var order = await world.BoughtAsync(sale);
        var start = (await _desk.FindAsync(sale.EventId)).Instant("startsAt");
        Assert.Equal(JsonValueKind.String, (await MoveAsync(sale, start.AddHours(2))).GetProperty("refundWindowUntil").ValueKind);
        // Moved on, it is still the first start that counts; a manager's refund uses no window.
        Assert.Equal(JsonValueKind.String, (await MoveAsync(sale, start.AddDays(1))).GetProperty("refundWindowUntil").ValueKind);
        await (await world.RefundAsync(order, role: Roles.VenueManager)).ReadAsync(HttpStatusCode.Created);
        Assert.Equal(JsonValueKind.Null, (await MoveAsync(sale, start.AddMinutes(40))).GetProperty("refundWindowUntil").ValueKind);
        Assert.Equal(JsonValueKind.String, (await MoveAsync(sale, start.AddMinutes(70))).GetProperty("refundWindowUntil").ValueKind);
        Assert.Equal(JsonValueKind.Null, (await MoveAsync(sale, start)).GetProperty("refundWindowUntil").ValueKind);
        Assert.Equal(JsonValueKind.Null, (await _desk.FindAsync(sale.EventId)).GetProperty("refundWindowUntil").ValueKind);
    }

    [Theory]
    [InlineData("used")]
    [InlineData("another venue")]
    [InlineData("rescheduled")]
    public async Task Moved_back_it_stays_open_where_somebody_used_it_or_something_else_opened_it(string why)
    {
        var sale = await SoldAsync();
        var order = await world.BoughtAsync(sale);
        var start = (await _desk.FindAsync(sale.EventId)).Instant("startsAt");
        if (why == "rescheduled") await world.MoveAsync(sale.EventId, "postponed");
        await MoveAsync(sale, start.AddDays(2));
        if (why == "used") await (await world.RefundAsync(order)).ReadAsync(HttpStatusCode.Created);
        if (why == "another venue") await (await _desk.ChangeAsync(sale.EventId, new { venueId = await _desk.VenueAsync(500) })).ReadAsync();
        if (why == "rescheduled") await world.MoveAsync(sale.EventId, "rescheduled");
        Assert.Equal(JsonValueKind.String, (await MoveAsync(sale, start)).GetProperty("refundWindowUntil").ValueKind);
    }

    [Fact]
    public async Task The_window_ends_with_the_event()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5, new SaleOptions { Event = new Dictionary<string, object?> { ["refundPolicy"] = new { untilHoursBefore = 1, feePercent = 50 } } });
        var order = await world.BoughtAsync(sale);
        var start = (await _desk.FindAsync(sale.EventId)).Instant("startsAt");
        var moved = await MoveAsync(sale, start.AddHours(3));
        Assert.Equal(start.AddHours(6), moved.Instant("refundWindowUntil"));
        Assert.Equal(2500, (await (await world.RefundAsync(order, preview: true)).ReadAsync()).GetProperty("amount").Number("amount"));
        // However the window came to be, it is over when the event is.
        await world.Sql("""
            update events.events set starts_at = clock_timestamp() - interval '2 hours', doors_at = clock_timestamp() - interval '2 hours', ends_at = clock_timestamp() - interval '1 minute',
                   sales_start_at = clock_timestamp() - interval '1 day', sales_end_at = clock_timestamp() - interval '2 hours', check_in_from = clock_timestamp() - interval '3 hours', check_in_until = clock_timestamp(),
                   refund_window_until = clock_timestamp() + interval '1 day' where id = @EventId
            """, sale);
        Assert.Equal("refund_window_closed", await (await world.RefundAsync(order, preview: true)).RefusedAsync(HttpStatusCode.UnprocessableEntity));
    }

    [Fact]
    public async Task A_postponed_event_gets_its_new_date_by_an_edit()
    {
        var sale = await SoldAsync();
        await world.MoveAsync(sale.EventId, "postponed");
        var start = (await _desk.FindAsync(sale.EventId)).Instant("startsAt");
        Assert.Equal(JsonValueKind.String, (await MoveAsync(sale, start.AddDays(30))).GetProperty("refundWindowUntil").ValueKind);
        await world.MoveAsync(sale.EventId, "rescheduled");
    }

    [Fact]
    public async Task Every_edit_is_noted_with_what_was_and_what_is()
    {
        var id = (await _desk.CreateAsync(("name", "Before"))).Id();
        await (await _desk.ChangeAsync(id, new { name = "After" })).ReadAsync();
        await _desk.RemoveAsync(id);
        Assert.Equal("event.create event.change event.delete", await world.Ask<string>("select string_agg(action, ' ' order by id) from platform.audit_log where resource_id = @id", new { id }));
        Assert.Equal("Before After", await world.Ask<string>("select (before ->> 'name') || ' ' || (after ->> 'name') from platform.audit_log where resource_id = @id and action = 'event.change'", new { id }));
    }

    [Fact]
    public async Task Windows_and_price_rules_of_ticket_types_move_along_and_the_answer_lists_them()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5, new SaleOptions { StartsIn = TimeSpan.FromDays(2) });
        var start = (await _desk.FindAsync(sale.EventId)).Instant("startsAt");
        var money = new { amount = 2000, currency = "EUR" };
        var type = (await _desk.Types.MakeAsync($"/api/v1/events/{sale.EventId}/ticket-types", new
        {
            name = "Evening", price = new { amount = 2500, currency = "EUR" }, quantity = 5, salesStartAt = start.AddDays(-3), salesEndAt = start.AddHours(-2),
            priceRules = new object[]
            {
                new { kind = "group", quantity = 4, price = money }, new { kind = "early_bird", until = start.AddDays(-1), price = money }, new { kind = "last_minute", from = start.AddHours(-3), percent = 10 },
            },
        })).Id();
        var evening = sale with { TicketTypeId = type };
        await (await world.HoldAsync(evening)).ReadAsync(HttpStatusCode.Created);

        var moved = await MoveAsync(sale, start.AddDays(30));
        var listed = moved.Items("movedTicketTypeTimes");
        Assert.All(listed, time => Assert.Equal((type, "Evening"), (time.Id("ticketTypeId"), time.Text("ticketType"))));
        Assert.Equal(["/priceRules/1/until", "/priceRules/2/from", "/salesEndAt", "/salesStartAt"], listed.Select(time => time.Text("pointer")).Order(StringComparer.Ordinal));
        var until = listed.Single(time => time.Text("pointer") == "/priceRules/1/until");
        Assert.Equal((WallClock(start.AddDays(-1)), WallClock(start.AddDays(-1)).AddDays(30)), (WallClock(until.Instant("from")), WallClock(until.Instant("to"))));

        var after = await _desk.Types.GetJsonAsync($"/api/v1/ticket-types/{type}");
        Assert.Equal(2, after.Number("version"));
        Assert.Equal(WallClock(start.AddHours(-2)).AddDays(30), WallClock(after.Instant("salesEndAt")));
        var rules = after.Items("priceRules");
        Assert.Equal((until.Instant("to"), 4, 10), (rules[1].Instant("until"), rules[0].Number("quantity"), rules[2].Number("percent")));
        Assert.Equal(listed.Single(time => time.Text("pointer") == "/priceRules/2/from").Instant("to"), rules[2].Instant("from"));
        // The next sale already knows: this type is not open yet at the new date, and opens with the old one again.
        using (var early = await world.HoldAsync(evening))
            Assert.Equal("sales_not_open", await early.RefusedAsync(HttpStatusCode.UnprocessableEntity));
        Assert.Equal(1, await world.Ask<int>("select count(*)::int from platform.audit_log where resource_id = @type and action = 'ticket_type.change'", new { type }));
        await MoveAsync(sale, start);
        await (await world.HoldAsync(evening)).ReadAsync(HttpStatusCode.Created);
        Assert.Equal(start.AddDays(-3), (await _desk.Types.GetJsonAsync($"/api/v1/ticket-types/{type}")).Instant("salesStartAt"));
        // What did not move is not listed.
        Assert.False((await (await _desk.ChangeAsync(sale.EventId, new { name = "Renamed" })).ReadAsync()).TryGetProperty("movedTicketTypeTimes", out _));
    }

    private static DateTime WallClock(DateTimeOffset instant) => TimeZoneInfo.ConvertTime(instant, TimeZoneInfo.FindSystemTimeZoneById("Europe/Amsterdam")).DateTime;

    private async Task<Sale> SoldAsync()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5, new SaleOptions { StartsIn = TimeSpan.FromDays(10) });
        await (await world.BuyAsync(sale)).ReadAsync(HttpStatusCode.Created);
        return sale;
    }

    private async Task<JsonElement> MoveAsync(Sale sale, DateTimeOffset start) =>
        await (await _desk.ChangeAsync(sale.EventId, new { startsAt = EventDesk.At(start), endsAt = EventDesk.At(start.AddHours(3)) })).ReadAsync();
}
