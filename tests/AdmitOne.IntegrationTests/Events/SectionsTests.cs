using System.Net;
using System.Net.Http.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Postgres;
using Dapper;

namespace AdmitOne.IntegrationTests.Events;

public sealed class SectionsTests(World world) : IClassFixture<World>
{
    private readonly EventDesk _desk = new(world);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_section_is_kept_in_step_with_what_the_ticket_service_sells_from()
    {
        var id = (await _desk.CreateAsync()).Id();
        using var answer = await _desk.Manager.PostAsJsonAsync($"/api/v1/events/{id}/sections", new { name = "Main floor", capacity = 120 }, Cancellation);
        var section = await answer.ReadAsync(HttpStatusCode.Created);
        Assert.Equal(("MAIN-FLOOR", 1L), (section.Text("code"), section.Number("version")));
        Assert.Equal("\"1\"", answer.Headers.ETag?.ToString());
        Assert.Equal(120, await CapacityInStockAsync(section.Id()));

        var changed = await (await _desk.ChangeSectionAsync(section.Id(), new { capacity = 80, name = "Floor" }, "\"1\"")).ReadAsync();
        Assert.Equal(("Floor", "MAIN-FLOOR", 80L, 2L), (changed.Text("name"), changed.Text("code"), changed.Number("capacity"), changed.Number("version")));
        Assert.Equal(80, await CapacityInStockAsync(section.Id()));

        using var removed = await _desk.RemoveSectionAsync(section.Id(), "\"2\"");
        Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        Assert.Null(await CapacityInStockAsync(section.Id()));
        Assert.Empty((await _desk.Manager.GetJsonAsync($"/api/v1/events/{id}/sections")).Items());
    }

    [Fact]
    public async Task An_edit_names_the_version_it_edits()
    {
        var id = (await _desk.CreateAsync()).Id();
        var section = (await _desk.AddSectionAsync(id, "Balcony", 10)).Id();
        Assert.Equal("if_match_required", await (await _desk.ChangeSectionAsync(section, new { capacity = 9 }, null)).RefusedAsync(HttpStatusCode.PreconditionRequired));
        Assert.Equal("if_match_required", await (await _desk.RemoveSectionAsync(section, null)).RefusedAsync(HttpStatusCode.PreconditionRequired));
        await (await _desk.ChangeSectionAsync(section, new { capacity = 9 }, "\"1\"", "application/json")).ReadAsync();
        Assert.Equal("version_mismatch", await (await _desk.ChangeSectionAsync(section, new { capacity = 8 }, "\"1\"")).RefusedAsync(HttpStatusCode.PreconditionFailed));
        Assert.Equal("version_mismatch", await (await _desk.RemoveSectionAsync(section, "\"1\"")).RefusedAsync(HttpStatusCode.PreconditionFailed));
        Assert.Equal("not_found", await (await _desk.RemoveSectionAsync(Guid.CreateVersion7(), "*")).RefusedAsync(HttpStatusCode.NotFound));

        var racers = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => _desk.ChangeSectionAsync(section, new { capacity = 20 + i }, "\"2\"")));
        Assert.Equal(1, racers.Count(a => a.StatusCode == HttpStatusCode.OK));
        Assert.Equal(9, racers.Count(a => a.StatusCode == HttpStatusCode.PreconditionFailed));
    }

    [Fact]
    public async Task The_sections_never_hold_more_than_the_venue_may()
    {
        var id = (await _desk.CreateAsync(("venueId", await _desk.VenueAsync(100)))).Id();
        var floor = (await _desk.AddSectionAsync(id, "Floor", 60)).Id();
        await _desk.AddSectionAsync(id, "Balcony", 40);
        using var more = await _desk.Manager.PostAsJsonAsync($"/api/v1/events/{id}/sections", new { name = "Bar", capacity = 1 }, Cancellation);
        Assert.Equal("over_venue_capacity", await more.RefusedAsync(HttpStatusCode.UnprocessableEntity));
        using var larger = await _desk.ChangeSectionAsync(floor, new { capacity = 61 }, "*");
        Assert.Equal("over_venue_capacity", await larger.RefusedAsync(HttpStatusCode.UnprocessableEntity));
        await (await _desk.ChangeSectionAsync(floor, new { capacity = 60 }, "*")).ReadAsync();
    }

    [Fact]
    public async Task Thirty_managers_adding_sections_at_once_stay_within_the_venue()
    {
        var id = (await _desk.CreateAsync(("venueId", await _desk.VenueAsync(100)))).Id();
        var answers = await Task.WhenAll(Enumerable.Range(0, 30).Select(i =>
            _desk.Manager.PostAsJsonAsync($"/api/v1/events/{id}/sections", new { name = $"Block {i}", capacity = 10 }, Cancellation)));
        Assert.Equal(10, answers.Count(a => a.StatusCode == HttpStatusCode.Created));
        Assert.Equal(20, answers.Count(a => a.StatusCode == HttpStatusCode.UnprocessableEntity));
        Assert.Equal(100, await world.Ask<long>("select sum(capacity) from events.sections where event_id = @id", new { id }));
        Assert.Equal(100, await world.Ask<long>("select sum(capacity) from tickets.section_stock where event_id = @id", new { id }));
    }

    // The same over two hosts of one database, with sections that grow at the same time.
    [Fact]
    public async Task Nor_do_managers_at_two_replicas_go_beyond_it()
    {
        var replica = await world.StartAsync(configuration => AdmitOne.Events.EventsService.Build(configuration), world.EventsSettings);
        using var there = world.Client(World.Address(replica), AdmitOne.Platform.Identity.Roles.VenueManager);
        var id = (await _desk.CreateAsync(("venueId", await _desk.VenueAsync(100)))).Id();
        var first = (await _desk.AddSectionAsync(id, "Floor", 10)).Id();
        var second = (await _desk.AddSectionAsync(id, "Balcony", 10)).Id();
        await there.GetJsonAsync($"/api/v1/events/{id}");   // the first call of a host is slow
        var racers = Enumerable.Range(0, 30).Select(i => (i % 2 == 0 ? _desk.Manager : there).PostAsJsonAsync($"/api/v1/events/{id}/sections", new { name = $"Block {i}", capacity = 10 }, Cancellation))
            .Concat([.. new[] { 11, 12, 13 }.SelectMany(capacity => new[]
            {
                EventDesk.EditAsync(there, HttpMethod.Patch, $"/api/v1/sections/{first}", new { capacity }), EventDesk.EditAsync(_desk.Manager, HttpMethod.Patch, $"/api/v1/sections/{second}", new { capacity }),
            })]);
        var answers = await Task.WhenAll(racers);
        Assert.All(answers, answer => Assert.Contains(answer.StatusCode, new[] { HttpStatusCode.Created, HttpStatusCode.OK, HttpStatusCode.UnprocessableEntity }));
        Assert.Contains(answers, answer => answer.StatusCode == HttpStatusCode.UnprocessableEntity);
        Assert.InRange(await world.Ask<long>("select sum(capacity) from events.sections where event_id = @id", new { id }), 91, 100);
        Assert.Equal(0, await world.Ask<int>("select count(*) from events.sections s join tickets.section_stock k on k.section_id = s.id where s.event_id = @id and s.capacity <> k.capacity", new { id }));
    }

    [Fact]
    public async Task Buyers_and_managers_at_two_replicas_never_leave_more_sold_than_there_is_room()
    {
        var replica = await world.StartAsync(configuration => AdmitOne.Events.EventsService.Build(configuration), world.EventsSettings);
        using var there = world.Client(World.Address(replica), AdmitOne.Platform.Identity.Roles.VenueManager);
        var sale = await world.PutOnSaleAsync(quantity: 40, new SaleOptions { StartsIn = TimeSpan.FromDays(3) });
        var bought = Task.WhenAll(Enumerable.Range(0, 25).Select(_ => world.BuyAsync(sale)));
        var lowered = await Task.WhenAll(Enumerable.Range(0, 12).Select(i =>
            EventDesk.EditAsync(i % 2 == 0 ? _desk.Manager : there, HttpMethod.Patch, $"/api/v1/sections/{sale.SectionId}", new { capacity = 30 - (2 * i) })));
        var sold = (await bought).Count(answer => answer.StatusCode == HttpStatusCode.Created);
        Assert.All(lowered, answer => Assert.Contains(answer.StatusCode, new[] { HttpStatusCode.OK, HttpStatusCode.Conflict }));
        var capacity = await world.Ask<int>("select capacity from events.sections where id = @SectionId", new { sale.SectionId });
        Assert.True(sold <= capacity, $"{sold} sold, room for {capacity}");
        Assert.Equal(capacity, await CapacityInStockAsync(sale.SectionId));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task A_code_is_unique_in_its_event()
    {
        var id = (await _desk.CreateAsync()).Id();
        await _desk.Manager.MakeAsync($"/api/v1/events/{id}/sections", new { name = "Left", code = "A", capacity = 1 });
        var right = (await _desk.Manager.MakeAsync($"/api/v1/events/{id}/sections", new { name = "Right", code = "B", capacity = 1 })).Id();
        using var again = await _desk.Manager.PostAsJsonAsync($"/api/v1/events/{id}/sections", new { name = "Middle", code = "A", capacity = 1 }, Cancellation);
        Assert.Equal("already_exists", await again.RefusedAsync(HttpStatusCode.Conflict));
        using var renamed = await _desk.ChangeSectionAsync(right, new { code = "A" }, "*");
        Assert.Equal("already_exists", await renamed.RefusedAsync(HttpStatusCode.Conflict));
        var other = (await _desk.CreateAsync()).Id();
        await _desk.Manager.MakeAsync($"/api/v1/events/{other}/sections", new { name = "Left", code = "A", capacity = 1 });
    }

    [Fact]
    public async Task Nothing_shrinks_below_what_is_sold_and_nothing_sold_from_is_removed()
    {
        var id = (await _desk.CreateAsync()).Id();
        var section = (await _desk.AddSectionAsync(id, "Floor", 50)).Id();
        var type = Guid.CreateVersion7();
        await world.Sql("""
            insert into tickets.ticket_types (tenant_id, id, event_id, section_id, name, price_minor, currency) values (@Tenant, @type, @id, @section, 'Standing', 100, 'EUR');
            insert into tickets.stock (tenant_id, ticket_type_id, event_id, section_id, quantity) values (@Tenant, @type, @id, @section, 50);
            update tickets.section_stock set held = 10, sold = 20 where section_id = @section;
            """, new { world.Tenant, id, section, type });

        using var tooSmall = await _desk.ChangeSectionAsync(section, new { capacity = 29 }, "*");
        Assert.Equal("capacity_below_sold", await tooSmall.RefusedAsync(HttpStatusCode.Conflict));
        Assert.Equal(50, await CapacityInStockAsync(section));
        await (await _desk.ChangeSectionAsync(section, new { capacity = 30 }, "*")).ReadAsync();
        using var removed = await _desk.RemoveSectionAsync(section, "*");
        Assert.Equal("edit_not_allowed", await removed.RefusedAsync(HttpStatusCode.Conflict));
        Assert.Equal(30, await CapacityInStockAsync(section));
    }

    [Fact]
    public async Task Changing_a_capacity_waits_for_the_sales_under_way()
    {
        var id = (await _desk.CreateAsync()).Id();
        var section = (await _desk.AddSectionAsync(id, "Floor", 50)).Id();
        await using var sale = await world.ConnectAsync();
        await using var selling = await sale.BeginTransactionAsync(Cancellation);
        await sale.ExecuteAsync(EventGate.EnterToSell, new { gate = EventGate.Key(id) }, selling);
        await (await _desk.ChangeSectionAsync(section, new { name = "Stalls" }, "*")).ReadAsync();
        var lowering = _desk.ChangeSectionAsync(section, new { capacity = 40 }, "*");
        await Task.Delay(300, Cancellation);
        Assert.False(lowering.IsCompleted);
        await selling.CommitAsync(Cancellation);
        await (await lowering).ReadAsync();
    }

    [Theory]
    [InlineData("completed")]
    [InlineData("cancelled")]
    public async Task What_is_over_stays_as_it_is(string state)
    {
        var id = await _desk.CreateInAsync(state);
        var section = (await _desk.Manager.GetJsonAsync($"/api/v1/events/{id}/sections")).Items().Single().Id();
        using var added = await _desk.Manager.PostAsJsonAsync($"/api/v1/events/{id}/sections", new { name = "More", capacity = 1 }, Cancellation);
        Assert.Equal("edit_not_allowed", await added.RefusedAsync(HttpStatusCode.Conflict));
        Assert.Equal("edit_not_allowed", await (await _desk.ChangeSectionAsync(section, new { capacity = 1 }, "*")).RefusedAsync(HttpStatusCode.Conflict));
        Assert.Equal("edit_not_allowed", await (await _desk.RemoveSectionAsync(section, "*")).RefusedAsync(HttpStatusCode.Conflict));
    }

    [Fact]
    public async Task Sections_come_in_pages_in_the_order_they_were_added()
    {
        var id = (await _desk.CreateAsync()).Id();
        foreach (var i in Enumerable.Range(1, 7)) await _desk.AddSectionAsync(id, $"Row {i}", 1);
        var first = await _desk.Manager.GetJsonAsync($"/api/v1/events/{id}/sections?limit=4");
        var second = await _desk.Manager.GetJsonAsync($"/api/v1/events/{id}/sections?limit=4&cursor={first.Text("nextCursor")}");
        Assert.Equal(Enumerable.Range(1, 7).Select(i => $"Row {i}"), first.Items().Concat(second.Items()).Select(s => s.Text("name")));
        Assert.Null(second.GetProperty("nextCursor").GetString());
        await _desk.Manager.GetJsonAsync($"/api/v1/events/{id}/sections?limit=0", HttpStatusCode.UnprocessableEntity);
        await _desk.Manager.GetJsonAsync($"/api/v1/events/{id}/sections?cursor=x", HttpStatusCode.UnprocessableEntity);
    }

    [Theory]
    [InlineData("""{"name":"","capacity":1}""", 422)]
    [InlineData("""{"name":"A\u0000","capacity":1}""", 422)]
    [InlineData("""{"name":"A","capacity":0}""", 422)]
    [InlineData("""{"name":"A","capacity":-5}""", 422)]
    [InlineData("""{"name":"A","capacity":1000001}""", 422)]
    [InlineData("""{"name":"A","code":"","capacity":1}""", 422)]
    [InlineData("""{"name":"A","code":"123456789012345678901","capacity":1}""", 422)]
    [InlineData("""{"name":"A","capacity":99999999999}""", 400)]
    [InlineData("""{"name":"A","capacity":1.5}""", 400)]
    [InlineData("""{"name":"A","capacity":"1"}""", 400)]
    [InlineData("""{"name":"A","capacity":null}""", 400)]
    [InlineData("""{"name":"A"}""", 400)]
    [InlineData("""{"name":"A","capacity":1,"sold":0}""", 400)]
    public async Task A_section_that_makes_no_sense_is_refused(string body, int status)
    {
        var id = (await _desk.CreateAsync()).Id();
        using var answer = await EventDesk.PostTextAsync(_desk.Manager, $"/api/v1/events/{id}/sections", body);
        await answer.RefusedAsync((HttpStatusCode)status);
        using var nowhere = await EventDesk.PostTextAsync(_desk.Manager, "/api/v1/events/seven/sections", """{"name":"A","capacity":1}""");
        Assert.Equal("not_found", await nowhere.RefusedAsync(HttpStatusCode.NotFound));
    }

    [Fact]
    public async Task A_patch_removes_nothing_that_a_section_must_have()
    {
        var id = (await _desk.CreateAsync()).Id();
        var section = (await _desk.AddSectionAsync(id, "Floor", 50)).Id();
        foreach (var (property, change) in new (string, object)[] { ("/name", new { name = (string?)null }), ("/code", new { code = (string?)null }), ("/capacity", new { capacity = (int?)null }) })
        {
            using var answer = await _desk.ChangeSectionAsync(section, change, "*");
            Assert.Equal(property, (await answer.ReadAsync(HttpStatusCode.UnprocessableEntity)).Items("errors").Single().Text("pointer"));
        }
        using var unknown = await _desk.ChangeSectionAsync(section, new { colour = 1 }, "*");
        Assert.Equal("unknown_property", await unknown.RefusedAsync(HttpStatusCode.BadRequest));
        await (await _desk.ChangeSectionAsync(section, new { }, "*")).ReadAsync();
    }

    private Task<int?> CapacityInStockAsync(Guid section) => world.Ask<int?>("select capacity from tickets.section_stock where section_id = @section", new { section });
}
