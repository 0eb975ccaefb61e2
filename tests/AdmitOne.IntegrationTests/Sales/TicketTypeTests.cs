using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Sales;

public sealed class TicketTypeTests(World world) : IClassFixture<World>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_quantity_grows_at_once_and_shrinks_to_what_is_held_and_sold()
    {
        var sale = await world.PutOnSaleAsync(quantity: 10, new SaleOptions { Capacity = 100 });
        await (await world.HoldAsync(sale, 3)).ReadAsync(HttpStatusCode.Created);
        await (await world.BuyAsync(sale, 4)).ReadAsync(HttpStatusCode.Created);

        Assert.Equal("quantity_below_sold", await (await PatchAsync(sale, new { quantity = 6 })).RefusedAsync(HttpStatusCode.Conflict));
        Assert.Equal(7, (await (await PatchAsync(sale, new { quantity = 7 })).ReadAsync()).Number("quantity"));
        Assert.Equal("insufficient_inventory", await (await world.HoldAsync(sale)).RefusedAsync(HttpStatusCode.Conflict));
        await (await PatchAsync(sale, new { quantity = 20 })).ReadAsync();
        await (await world.HoldAsync(sale, 10)).ReadAsync(HttpStatusCode.Created);
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task A_quantity_lowered_in_the_middle_of_a_rush_never_drops_below_what_was_sold()
    {
        var sale = await world.PutOnSaleAsync(quantity: 60, new SaleOptions { Capacity = 100 });
        var buyers = Enumerable.Range(0, 60).Select(_ => world.BuyAsync(sale)).ToArray();
        for (var wanted = 55; wanted > 5; wanted -= 5)
        {
            using var answer = await PatchAsync(sale, new { quantity = wanted });
            Assert.True(answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.Conflict);
        }
        var sold = (await Task.WhenAll(buyers)).Count(a => a.StatusCode == HttpStatusCode.Created);
        Assert.Equal(sold, await world.Ask<int>("select sold from tickets.stock where ticket_type_id = @TicketTypeId", new { sale.TicketTypeId }));
        Assert.True(await world.Ask<bool>("select held + sold <= quantity from tickets.stock where ticket_type_id = @TicketTypeId", new { sale.TicketTypeId }));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task An_edit_names_the_version_it_edits()
    {
        var sale = await world.PutOnSaleAsync(quantity: 10);
        using var manager = world.Tickets(Roles.VenueManager);
        var path = $"/api/v1/ticket-types/{sale.TicketTypeId}";
        using var read = await manager.GetAsync(path, Cancellation);
        var tag = read.Headers.ETag!.ToString();

        Assert.Equal("if_match_required", await (await manager.PatchAsJsonAsync(path, new { name = "Floor" }, Cancellation)).RefusedAsync(HttpStatusCode.PreconditionRequired));
        manager.DefaultRequestHeaders.Add("If-Match", tag);
        var answers = await Task.WhenAll(Enumerable.Range(0, 2).Select(n => manager.PatchAsJsonAsync(path, new { name = $"Floor {n}" }, Cancellation)));
        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.PreconditionFailed], answers.Select(a => a.StatusCode).Order());

        using var again = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { { "If-None-Match", answers.Single(a => a.StatusCode == HttpStatusCode.OK).Headers.ETag!.ToString() } } };
        Assert.Equal(HttpStatusCode.NotModified, (await manager.SendAsync(again, Cancellation)).StatusCode);
    }

    [Theory]
    [InlineData("""{"quantity":"7"}""", HttpStatusCode.BadRequest, "invalid_json")]
    [InlineData("""{"colour":"red"}""", HttpStatusCode.BadRequest, "unknown_property")]
    [InlineData("""{"quantity":null}""", HttpStatusCode.BadRequest, "invalid_json")]
    [InlineData("""{"quantity":-1}""", HttpStatusCode.UnprocessableEntity, "validation_failed")]
    [InlineData("""{"minPerOrder":9,"maxPerOrder":3}""", HttpStatusCode.UnprocessableEntity, "validation_failed")]
    [InlineData("""{"price":{"amount":-5}}""", HttpStatusCode.UnprocessableEntity, "validation_failed")]
    [InlineData("""{"price":{"currency":"XXX"}}""", HttpStatusCode.UnprocessableEntity, "validation_failed")]
    [InlineData("[]", HttpStatusCode.BadRequest, "invalid_json")]
    [InlineData("null", HttpStatusCode.BadRequest, "invalid_json")]
    public async Task A_patch_obeys_the_rules_of_a_new_type(string patch, HttpStatusCode expected, string code)
    {
        var sale = await world.PutOnSaleAsync(quantity: 10);
        using var manager = world.Tickets(Roles.VenueManager);
        using var request = new HttpRequestMessage(HttpMethod.Patch, $"/api/v1/ticket-types/{sale.TicketTypeId}")
        {
            Headers = { { "If-Match", "*" } },
            Content = new StringContent(patch, System.Text.Encoding.UTF8, "application/merge-patch+json"),
        };
        Assert.Equal(code, await (await manager.SendAsync(request, Cancellation)).RefusedAsync(expected));
    }

    [Theory]
    [InlineData("""{"minPerOrder":5,"maxPerCustomer":2}""", "/minPerOrder")]
    [InlineData("""{"minPerOrder":5,"quantity":3}""", "/minPerOrder")]
    [InlineData("""{"priceRules":[{"kind":"group","quantity":20,"percent":10}]}""", "/priceRules/0/quantity")]
    [InlineData("""{"salesStartAt":"2999-01-01T00:00:00Z"}""", "/salesStartAt")]
    public async Task Settings_that_contradict_one_another_are_refused_in_a_new_type_and_in_an_edit(string settings, string pointer)
    {
        var sale = await world.PutOnSaleAsync(quantity: 10);
        using var manager = world.Tickets(Roles.VenueManager);
        var body = new JsonObject { ["name"] = "Odd", ["price"] = new JsonObject { ["amount"] = 100, ["currency"] = "EUR" }, ["quantity"] = 10, ["maxPerOrder"] = 10 };
        foreach (var (name, value) in JsonNode.Parse(settings)!.AsObject()) body[name] = value?.DeepClone();
        using var created = await manager.PostAsJsonAsync($"/api/v1/events/{sale.EventId}/ticket-types", body, Cancellation);
        using var changed = await PatchAsync(sale, JsonNode.Parse(settings)!);
        foreach (var answer in new[] { created, changed })
        {
            var problem = await answer.ReadAsync(HttpStatusCode.UnprocessableEntity);
            Assert.Equal(("validation_failed", pointer), (problem.Text("code"), problem.Items("errors").Single().Text("pointer")));
        }
    }

    [Fact]
    public async Task An_edit_that_contradicts_what_is_kept_is_refused_and_one_that_resolves_it_is_taken()
    {
        var sale = await world.PutOnSaleAsync(quantity: 10, new SaleOptions
        {
            MaxPerCustomer = 8,
            TicketType = new Dictionary<string, object?> { ["minPerOrder"] = 4, ["priceRules"] = new[] { new { kind = "group", quantity = 6, percent = 10 } } },
        });
        foreach (var (edit, pointer) in new (object, string)[]
        {
            (new { maxPerCustomer = 3 }, "/minPerOrder"), (new { quantity = 3 }, "/minPerOrder"), (new { maxPerOrder = 5 }, "/priceRules/0/quantity"),
        })
        {
            using var refused = await PatchAsync(sale, edit);
            Assert.Equal(pointer, (await refused.ReadAsync(HttpStatusCode.UnprocessableEntity)).Items("errors").Single().Text("pointer"));
        }
        await (await PatchAsync(sale, new { quantity = 3, minPerOrder = 3 })).ReadAsync();
        await (await PatchAsync(sale, new { quantity = 0 })).ReadAsync();   // nothing is to be sold for now
    }

    [Fact]
    public async Task An_event_with_several_sections_needs_to_be_told_which()
    {
        var sale = await world.PutOnSaleAsync(quantity: 10);
        using var events = world.Events(Roles.VenueManager);
        using var manager = world.Tickets(Roles.VenueManager);
        await events.MakeAsync($"/api/v1/events/{sale.EventId}/sections", new { name = "Balcony", capacity = 10 });
        var body = new { name = "Any", price = new { amount = 100, currency = "EUR" }, quantity = 5 };
        Assert.Equal("section_required", await (await manager.PostAsync($"/api/v1/events/{sale.EventId}/ticket-types", body)).RefusedAsync(HttpStatusCode.UnprocessableEntity));
    }

    [Fact]
    public async Task A_type_that_was_sold_stays_and_one_that_was_not_goes()
    {
        var sale = await world.PutOnSaleAsync(quantity: 10);
        using var manager = world.Tickets(Roles.VenueManager);
        manager.DefaultRequestHeaders.Add("If-Match", "*");
        var unsold = (await manager.MakeAsync($"/api/v1/events/{sale.EventId}/ticket-types", new { name = "Never", price = new { amount = 0, currency = "JPY" }, quantity = 1 })).Id();
        await (await world.BuyAsync(sale)).ReadAsync(HttpStatusCode.Created);
        Assert.Equal("edit_not_allowed", await (await manager.DeleteAsync($"/api/v1/ticket-types/{sale.TicketTypeId}", Cancellation)).RefusedAsync(HttpStatusCode.Conflict));
        Assert.Equal(HttpStatusCode.NoContent, (await manager.DeleteAsync($"/api/v1/ticket-types/{unsold}", Cancellation)).StatusCode);
        Assert.Equal("not_found", await (await manager.GetAsync($"/api/v1/ticket-types/{unsold}", Cancellation)).RefusedAsync(HttpStatusCode.NotFound));
        Assert.Equal("not_found", await (await world.HoldAsync(sale with { TicketTypeId = unsold })).RefusedAsync(HttpStatusCode.NotFound));
    }

    [Fact]
    public async Task The_public_sees_types_of_what_is_published_and_managers_of_what_is_theirs()
    {
        var draft = await world.PutOnSaleAsync(quantity: 10, new SaleOptions { Status = "draft" });
        var shown = await world.PutOnSaleAsync(quantity: 10);
        foreach (var path in new[] { "ticket-types", "availability" })
        {
            using var anyone = world.Tickets();
            using var manager = world.Tickets(Roles.VenueManager);
            using var foreign = world.Tickets(Roles.VenueManager, tenant: world.OtherTenant);
            Assert.Single((await anyone.GetJsonAsync($"/api/v1/events/{shown.EventId}/{path}")).Items());
            Assert.Single((await foreign.GetJsonAsync($"/api/v1/events/{shown.EventId}/{path}")).Items());
            Assert.Single((await manager.GetJsonAsync($"/api/v1/events/{draft.EventId}/{path}")).Items());
            Assert.Equal("not_found", await (await anyone.GetAsync($"/api/v1/events/{draft.EventId}/{path}", Cancellation)).RefusedAsync(HttpStatusCode.NotFound));
            Assert.Equal("not_found", await (await foreign.GetAsync($"/api/v1/events/{draft.EventId}/{path}", Cancellation)).RefusedAsync(HttpStatusCode.NotFound));
        }
        using var stranger = world.Tickets(Roles.VenueManager, tenant: world.OtherTenant);
        stranger.DefaultRequestHeaders.Add("If-Match", "*");
        Assert.Equal("not_found", await (await stranger.PatchAsJsonAsync($"/api/v1/ticket-types/{shown.TicketTypeId}", new { quantity = 1 }, Cancellation)).RefusedAsync(HttpStatusCode.NotFound));
    }

    [Fact]
    public async Task A_change_of_a_type_is_on_its_events_list_at_once_and_on_another_replicas_within_a_second_or_so()
    {
        var sale = await world.PutOnSaleAsync(quantity: 10);
        var replica = await world.StartReplicaAsync();
        var path = $"/api/v1/events/{sale.EventId}/ticket-types";
        using var here = world.Tickets();
        using var there = world.Client(replica.Url);
        foreach (var name in new[] { "Pit", "Stalls" })
        {
            await NameAsync(here);   // both remember what was before
            await NameAsync(there);
            (await PatchAsync(sale, new { name })).EnsureSuccessStatusCode();
            Assert.Equal(name, await NameAsync(here));
            await World.UntilAsync(async () => await NameAsync(there) == name);
        }

        using var shown = await here.GetAsync(path, Cancellation);
        Assert.Equal("public, max-age=1", shown.Headers.CacheControl?.ToString());
        Assert.Contains("Authorization", shown.Headers.Vary);
        using var again = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { IfNoneMatch = { shown.Headers.ETag! } } };
        Assert.Equal(HttpStatusCode.NotModified, (await here.SendAsync(again, Cancellation)).StatusCode);

        async Task<string> NameAsync(HttpClient client) => Assert.Single((await client.GetJsonAsync(path)).Items()).Text("name");
    }

    private async Task<HttpResponseMessage> PatchAsync(Sale sale, object patch)
    {
        using var manager = world.Tickets(Roles.VenueManager);
        manager.DefaultRequestHeaders.Add("If-Match", "*");
        return await manager.PatchAsJsonAsync($"/api/v1/ticket-types/{sale.TicketTypeId}", patch, Cancellation);
    }
}
