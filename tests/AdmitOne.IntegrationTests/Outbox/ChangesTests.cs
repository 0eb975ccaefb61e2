using System.Net;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Configuration;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Outbound;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AdmitOne.IntegrationTests.Outbox;

public sealed class ChangesTests(World world) : IClassFixture<World>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_admin_reads_the_messages_of_both_services_in_their_order_page_by_page()
    {
        using var admin = world.Events(Roles.Admin);
        var sale = await world.PutOnSaleAsync(quantity: 5);
        await (await world.BuyAsync(sale)).ReadAsync(HttpStatusCode.Created);
        await world.AllNumberedAsync();

        var (seen, after) = (new List<(long Sequence, string Type, Guid Resource)>(), 0L);
        while (true)
        {
            var page = await admin.GetJsonAsync($"/api/v1/changes?after={after}&limit=2");
            if (page.Items().Count == 0) break;
            Assert.InRange(page.Items().Count, 1, 2);
            seen.AddRange(page.Items().Select(m => (m.Number("sequence"), m.Text("type"), m.Id("resourceId"))));
            after = seen[^1].Sequence;
            Assert.True(page.Number("newest") >= after);
        }

        Assert.Equal(Enumerable.Range(1, seen.Count).Select(n => (long)n), seen.Select(m => m.Sequence));
        var ofEvent = seen.Where(m => m.Resource == sale.EventId).Select(m => m.Type).Where(t => t is "event.created" or "event.published" or "event.on_sale").ToList();
        Assert.Equal(["event.created", "event.published", "event.on_sale"], ofEvent);
        Assert.True(seen.FindIndex(m => m.Type == "order.paid") > seen.FindIndex(m => m.Type == "event.on_sale" && m.Resource == sale.EventId));
    }

    [Fact]
    public async Task A_message_says_what_and_when_and_of_which_thing()
    {
        var tenant = await world.NewTenantAsync();
        var resource = Guid.CreateVersion7();
        await world.TellAsync("test.told", 7, tenant, resource);
        await world.UntilNumberedAsync(tenant, 1);
        using var admin = world.Events(Roles.Admin, tenant: tenant);
        var message = (await admin.GetJsonAsync("/api/v1/changes")).Items().Single();
        Assert.Equal((1L, "test.told", resource, 7L), (message.Number("sequence"), message.Text("type"), message.Id("resourceId"), message.GetProperty("data").Number("n")));
        Assert.InRange(message.Instant("occurredAt"), TimeProvider.System.GetUtcNow().AddMinutes(-5), TimeProvider.System.GetUtcNow().AddMinutes(1));
        Assert.NotEqual(Guid.Empty, message.Id());
    }

    [Fact]
    public async Task Another_organisers_messages_are_not_seen_nor_counted()
    {
        var (mine, other) = (await world.NewTenantAsync(), await world.NewTenantAsync());
        foreach (var n in Enumerable.Range(1, 3)) await world.TellAsync("test.secret", n, mine);
        await world.UntilNumberedAsync(mine, 3);
        using var admin = world.Events(Roles.Admin, tenant: other);
        var page = await admin.GetJsonAsync("/api/v1/changes?after=0");
        Assert.Empty(page.Items());
        Assert.Equal(0, page.Number("newest"));
        await world.TellAsync("test.own", 1, other);
        await world.UntilNumberedAsync(other, 1);
        Assert.Equal(1, (await admin.GetJsonAsync("/api/v1/changes")).Items().Single().Number("sequence"));
    }

    [Fact]
    public async Task Who_is_no_admin_is_refused_and_a_wrong_place_is_explained()
    {
        using var manager = world.Events(Roles.VenueManager);
        using var nobody = world.Events();
        using var admin = world.Events(Roles.Admin);
        Assert.Equal("role_required", await (await manager.GetAsync("/api/v1/changes", Cancellation)).RefusedAsync(HttpStatusCode.Forbidden));
        Assert.Equal("token_missing", await (await nobody.GetAsync("/api/v1/changes", Cancellation)).RefusedAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("validation_failed", await (await admin.GetAsync("/api/v1/changes?after=-1", Cancellation)).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        Assert.Equal("validation_failed", await (await admin.GetAsync("/api/v1/changes?limit=101", Cancellation)).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        Assert.Equal("invalid_parameter", await (await admin.GetAsync("/api/v1/changes?after=abc", Cancellation)).RefusedAsync(HttpStatusCode.BadRequest));
    }

    [Fact]
    public async Task A_neighbour_reads_with_its_signature_for_the_tenant_that_it_signed_for()
    {
        var tenant = await world.NewTenantAsync();
        await world.TellAsync("test.signed", 1, tenant);
        await world.UntilNumberedAsync(tenant, 1);

        Assert.Equal("test.signed", (await (await AskAsync("ticket-service", tenant)).ReadAsync()).Items().Single().Text("type"));
        Assert.Empty((await (await AskAsync("ticket-service", await world.NewTenantAsync())).ReadAsync()).Items());
        Assert.Equal("not_found", await (await AskAsync("ticket-service", null)).RefusedAsync(HttpStatusCode.NotFound));
        Assert.Equal("bad_signature", await (await AskAsync("venue-service", tenant)).RefusedAsync(HttpStatusCode.Unauthorized));
        // A manager's token does not become more by a signature that is none.
        using var manager = world.Events(Roles.VenueManager);
        using var forged = new HttpRequestMessage(HttpMethod.Get, "/api/v1/changes") { Headers = { { "X-Signature", new string('a', 64) }, { "X-Tenant-Id", tenant.ToString() } } };
        Assert.Equal("bad_signature", await (await manager.SendAsync(forged, Cancellation)).RefusedAsync(HttpStatusCode.Unauthorized));
    }

    private async Task<HttpResponseMessage> AskAsync(string service, Guid? tenant)
    {
        using var signing = new SigningHandler(service, world.EventsServices.GetRequiredService<IOptions<ServiceOptions>>(), TimeProvider.System) { InnerHandler = new HttpClientHandler() };
        using var client = new HttpClient(signing) { BaseAddress = world.EventsUrl };
        for (var attempt = 1; ; attempt++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/changes?after=0");
            if (tenant is { } whose) request.Options.Set(SigningHandler.Tenant, whose);
            var answer = await client.SendAsync(request, Cancellation);
            // Redis gets 100 ms to remember the nonce, which a busy machine can miss: a caller tries again.
            if (answer.StatusCode != HttpStatusCode.ServiceUnavailable || attempt == 5) return answer;
        }
    }
}
