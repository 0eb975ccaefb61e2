using System.Net;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Configuration;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Outbound;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AdmitOne.IntegrationTests.Events;

public sealed class EventFactsTests(World world) : IClassFixture<World>
{
    private readonly EventDesk _desk = new(world);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_neighbour_learns_all_of_an_event_in_any_state()
    {
        var id = await _desk.CreateInAsync("draft", ("visibility", "private"));
        var facts = await (await AskAsync("ticket-service", id, world.Tenant)).ReadAsync();
        Assert.Equal((id, "draft", "private", false), (facts.Id(), facts.Text("status"), facts.Text("visibility"), facts.GetProperty("salesOpen").GetBoolean()));
        Assert.Equal(("Floor", 100L), (facts.Items("sections").Single().Text("name"), facts.Items("sections").Single().Number("capacity")));

        await _desk.AddTypeAsync(id);
        foreach (var step in new[] { "published", "on_sale" }) await (await _desk.MoveAsync(id, step)).ReadAsync();
        Assert.True((await (await AskAsync("order-service", id, world.Tenant)).ReadAsync()).GetProperty("salesOpen").GetBoolean());
        await (await _desk.MoveAsync(id, "sales_paused")).ReadAsync();
        Assert.False((await (await AskAsync("event-service", id, world.Tenant)).ReadAsync()).GetProperty("salesOpen").GetBoolean());
    }

    [Fact]
    public async Task Sales_are_not_open_outside_their_window()
    {
        var id = await _desk.CreateInAsync("on_sale", ("salesStartAt", EventDesk.At(TimeProvider.System.GetUtcNow().AddDays(1))));
        Assert.False((await (await AskAsync("order-service", id, world.Tenant)).ReadAsync()).GetProperty("salesOpen").GetBoolean());
    }

    [Fact]
    public async Task The_signature_says_for_whom_and_nothing_else_opens_the_door()
    {
        var id = await _desk.CreateInAsync("published");
        Assert.Equal("not_found", await (await AskAsync("order-service", id, world.OtherTenant)).RefusedAsync(HttpStatusCode.NotFound));
        Assert.Equal("not_found", await (await AskAsync("order-service", Guid.CreateVersion7(), world.Tenant)).RefusedAsync(HttpStatusCode.NotFound));
        Assert.Equal("not_found", await (await AskAsync("order-service", id, null)).RefusedAsync(HttpStatusCode.NotFound));
        Assert.Equal("bad_signature", await (await AskAsync("venue-service", id, world.Tenant)).RefusedAsync(HttpStatusCode.Unauthorized));
        using var admin = world.Events(Roles.Admin);
        using var token = await admin.GetAsync($"/internal/events/{id}", Cancellation);
        Assert.Equal("bad_signature", await token.RefusedAsync(HttpStatusCode.Unauthorized));
        await _desk.Public.GetJsonAsync($"/api/v1/internal/events/{id}", HttpStatusCode.NotFound);
    }

    private async Task<HttpResponseMessage> AskAsync(string service, Guid id, Guid? tenant)
    {
        using var signing = new SigningHandler(service, world.EventsServices.GetRequiredService<IOptions<ServiceOptions>>(), TimeProvider.System) { InnerHandler = new HttpClientHandler() };
        using var client = new HttpClient(signing) { BaseAddress = world.EventsUrl };
        for (var attempt = 1; ; attempt++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/internal/events/{id}");
            if (tenant is { } whose) request.Options.Set(SigningHandler.Tenant, whose);
            var answer = await client.SendAsync(request, Cancellation);
            // Redis gets 100 ms to remember the nonce, which a first connection on a busy machine can miss: a caller tries again.
            if (answer.StatusCode != HttpStatusCode.ServiceUnavailable || attempt == 5) return answer;
        }
    }
}
