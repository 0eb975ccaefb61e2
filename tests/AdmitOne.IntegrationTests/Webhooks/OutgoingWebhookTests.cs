using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Webhooks;

/// <summary>Organisers' systems are told what happens: signed, in order, again until they have it, and never at an address of ours.</summary>
public sealed class OutgoingWebhookTests(OutgoingWebhookTests.Telling world) : IClassFixture<OutgoingWebhookTests.Telling>
{
    public sealed class Telling(Stack stack) : World(stack, [("WEBHOOK_ALLOW_LOOPBACK", "true")]);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_happens_arrives_in_order_signed_and_a_failure_holds_up_what_follows()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var failures = 1;
        receiver.Answer = _ => Interlocked.Decrement(ref failures) >= 0 ? 500 : 204;
        var endpoint = await AddAsync(receiver.Url + "/in");
        var sale = await world.PutOnSaleAsync(10);
        for (var i = 0; i < 3; i++) await (await world.BuyAsync(sale)).ReadAsync(HttpStatusCode.Created);
        await World.UntilAsync(() => Task.FromResult(receiver.Arrived.Count(a => a.Json.Text("type") == "order.paid") >= 3));

        var arrived = receiver.Arrived.ToList();
        Assert.Equal(arrived[0].Id, arrived[1].Id);   // the one that failed came again, before any other
        var sequences = arrived.Skip(1).Select(a => a.Json.Number("sequence")).ToList();
        Assert.Equal(sequences.Order(), sequences);
        Assert.Equal(sequences.Distinct(), sequences);
        Assert.All(arrived, a => Assert.Contains(Sign(endpoint.Text("secret"), a), a.Signatures.Split(' ')));
        Assert.All(arrived, a => Assert.Equal(a.Id, a.Json.Text("id")));
        await RemoveAsync(endpoint);
    }

    [Fact]
    public async Task While_a_secret_is_rotated_both_sign_and_after_that_only_the_new_one()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var endpoint = await AddAsync(receiver.Url + "/in", "event.created");
        using var manager = world.Tickets(Roles.VenueManager);
        var rotated = await (await manager.PostAsync($"/api/v1/webhook-endpoints/{endpoint.Id()}/rotate-secret", null, Stop)).ReadAsync();
        Assert.NotEqual(endpoint.Text("secret"), rotated.Text("secret"));
        var both = await NextAsync(receiver);
        Assert.Equal([Sign(rotated.Text("secret"), both), Sign(endpoint.Text("secret"), both)], both.Signatures.Split(' '));

        await world.Sql("update tickets.webhook_endpoints set secret_previous_until = clock_timestamp() where id = @id", new { id = endpoint.Id() });
        var one = await NextAsync(receiver);
        Assert.Equal([Sign(rotated.Text("secret"), one)], one.Signatures.Split(' '));
        // It is shown when it is made, and never again.
        Assert.DoesNotContain("whsec_", (await manager.GetJsonAsync("/api/v1/webhook-endpoints")).ToString(), StringComparison.Ordinal);
        await RemoveAsync(endpoint);
    }

    [Fact]
    public async Task After_three_days_a_message_is_dead_the_next_has_its_turn_and_a_manager_sends_it_again()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        receiver.Answer = _ => 503;
        var endpoint = await AddAsync(receiver.Url + "/in", "event.created");
        using var manager = world.Tickets(Roles.VenueManager);
        await NextAsync(receiver);
        var first = await WaitForAsync(endpoint, "waiting", d => d.Number("attempts") == 1);
        Assert.Equal(503, first.Number("lastStatus"));
        // Thirteen failures later.
        await world.Sql("update tickets.webhook_deliveries set attempts = 13, next_attempt_at = clock_timestamp() where id = @id", new { id = first.Id() });
        await WaitForAsync(endpoint, "dead", d => d.Id() == first.Id());

        receiver.Answer = _ => 200;
        await NextAsync(receiver);
        await WaitForAsync(endpoint, "delivered", _ => true);
        using var replay = await manager.PostAsync($"/api/v1/webhook-endpoints/{endpoint.Id()}/deliveries/{first.Id()}/replay", null, Stop);
        Assert.Equal(HttpStatusCode.NoContent, replay.StatusCode);
        await WaitForAsync(endpoint, "delivered", d => d.Id() == first.Id());
        await RemoveAsync(endpoint);
    }

    [Fact]
    public async Task An_endpoint_that_is_gone_is_turned_off_until_somebody_turns_it_on()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        receiver.Answer = _ => 410;
        var endpoint = await AddAsync(receiver.Url + "/in", "event.created");
        using var manager = world.Tickets(Roles.VenueManager);
        await NextAsync(receiver);
        JsonElement found = default;
        await World.UntilAsync(async () => !(found = (await manager.GetJsonAsync("/api/v1/webhook-endpoints")).Items().Single(e => e.Id() == endpoint.Id())).GetProperty("enabled").GetBoolean());
        Assert.Equal("It answered 410 Gone.", found.Text("disabledBecause"));

        receiver.Answer = _ => 200;
        using var patch = new HttpRequestMessage(HttpMethod.Patch, $"/api/v1/webhook-endpoints/{endpoint.Id()}") { Content = JsonContent.Create(new { enabled = true }) };
        patch.Headers.TryAddWithoutValidation("If-Match", $"\"{found.Number("version")}\"");
        await (await manager.SendAsync(patch, Stop)).ReadAsync();
        await world.Sql("update tickets.webhook_deliveries set next_attempt_at = clock_timestamp() where endpoint_id = @id", new { id = endpoint.Id() });
        await WaitForAsync(endpoint, "delivered", _ => true);
        await RemoveAsync(endpoint);
    }

    [Fact]
    public async Task A_redirect_is_not_followed_and_counts_as_a_failure()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        receiver.Answer = a => a.Path == "/in" ? 307 : 200;
        var endpoint = await AddAsync(receiver.Url + "/in", "event.created");
        await NextAsync(receiver);
        Assert.Equal("It answered 307.", (await WaitForAsync(endpoint, "waiting", d => d.Number("attempts") == 1)).Text("lastFault"));
        Assert.DoesNotContain(receiver.Arrived, a => a.Path == "/elsewhere");
        await RemoveAsync(endpoint);
    }

    private async Task<JsonElement> AddAsync(string url, params string[] types)
    {
        using var manager = world.Tickets(Roles.VenueManager);
        return await manager.MakeAsync("/api/v1/webhook-endpoints", new { url, types });
    }

    private async Task RemoveAsync(JsonElement endpoint)
    {
        using var manager = world.Tickets(Roles.VenueManager);
        using var request = new HttpRequestMessage(HttpMethod.Delete, $"/api/v1/webhook-endpoints/{endpoint.Id()}");
        request.Headers.TryAddWithoutValidation("If-Match", "*");
        using var answer = await manager.SendAsync(request, Stop);
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
    }

    /// <summary>Makes something happen, and waits until the receiver was told.</summary>
    private async Task<Arrived> NextAsync(WebhookReceiver receiver)
    {
        var before = receiver.Arrived.Count;
        await world.PutOnSaleAsync(1, new SaleOptions { Status = "draft" });
        await World.UntilAsync(() => Task.FromResult(receiver.Arrived.Count > before));
        return receiver.Arrived.Last();
    }

    private async Task<JsonElement> WaitForAsync(JsonElement endpoint, string status, Func<JsonElement, bool> isIt)
    {
        using var manager = world.Tickets(Roles.VenueManager);
        JsonElement? found = null;
        await World.UntilAsync(async () =>
            (found = (await manager.GetJsonAsync($"/api/v1/webhook-endpoints/{endpoint.Id()}/deliveries?status={status}")).Items().Where(isIt).Cast<JsonElement?>().FirstOrDefault()) is not null);
        return found!.Value;
    }

    // Computed here anew, as a receiver would by the standard.
    private static string Sign(string secret, Arrived a) => "v1," + Convert.ToBase64String(HMACSHA256.HashData(
        Convert.FromBase64String(secret["whsec_".Length..]), Encoding.UTF8.GetBytes($"{a.Id}.{a.Timestamp}.{a.Body}")));
}

/// <summary>Where webhooks may not go, as in production.</summary>
public sealed class WebhookAddressTests(World world) : IClassFixture<World>
{
    [Theory]
    [InlineData("http://hooks.example.com/")]
    [InlineData("https://127.0.0.1/")]
    [InlineData("https://localhost/")]
    [InlineData("https://10.0.0.7/")]
    [InlineData("https://169.254.169.254/latest/meta-data/")]
    [InlineData("https://[::1]/")]
    [InlineData("https://[::ffff:10.0.0.7]/")]
    [InlineData("https://2130706433/")]
    [InlineData("https://metadata.internal/")]
    [InlineData("https://user:secret@hooks.example.com/")]
    [InlineData("ftp://hooks.example.com/")]
    [InlineData("not an address")]
    public async Task An_address_that_is_not_public_is_no_endpoint(string url)
    {
        using var manager = world.Tickets(Roles.VenueManager);
        using var refused = await manager.PostAsync("/api/v1/webhook-endpoints", new { url });
        Assert.Equal("validation_failed", await refused.RefusedAsync(HttpStatusCode.UnprocessableEntity));
    }
}
