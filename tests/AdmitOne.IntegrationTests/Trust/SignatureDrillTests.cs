using System.Globalization;
using System.Net;
using AdmitOne.Events;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.IntegrationTests.Local;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Outbound;

namespace AdmitOne.IntegrationTests.Trust;

/// <summary>Calls between services: what is signed cannot be sent twice, later, elsewhere or otherwise; and the key changes while calls go on.</summary>
public sealed class SignatureDrillTests(World world) : IClassFixture<World>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string Key => world.EventsSettings["INTERNAL_API_KEY"]!;

    private static long Now => TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();

    [Fact]
    public async Task A_signed_call_is_good_once_where_and_when_it_was_signed_for()
    {
        var sale = await world.PutOnSaleAsync(1);
        var path = $"/internal/events/{sale.EventId}";
        var call = New(path);
        Assert.Equal("ok", await SendAsync(world.EventsUrl, call, Key));
        Assert.Equal("nonce_reused", await SendAsync(world.EventsUrl, call, Key));
        foreach (var seconds in new[] { -61, 61, -100_000, 100_000 }) Assert.Equal("stale_timestamp", await SendAsync(world.EventsUrl, New(path) with { Timestamp = Now + (seconds < 0 ? seconds - 2 : seconds + 2) }, Key));
        foreach (var seconds in new[] { -50, 50 }) Assert.Equal("ok", await SendAsync(world.EventsUrl, New(path) with { Timestamp = Now + seconds }, Key));

        call = New(path);
        Assert.Equal("bad_signature", await SendAsync(world.EventsUrl, call, Key, sentPath: path + "?x=1"));
        Assert.Equal("bad_signature", await SendAsync(world.EventsUrl, call, Key, sentPath: $"/internal/events/{Guid.CreateVersion7()}"));
        Assert.Equal("bad_signature", await SendAsync(world.EventsUrl, call, Key, sentTenant: world.OtherTenant.ToString()));
        Assert.Equal("bad_signature", await SendAsync(world.EventsUrl, call, Key, body: "{}"));
        Assert.Equal("bad_signature", await SendAsync(world.EventsUrl, call, Stack.NewSecret()));
        Assert.Equal("bad_signature", await SendAsync(world.EventsUrl, call with { Nonce = "not-a-uuid" }, Key));
        Assert.Equal("ok", await SendAsync(world.EventsUrl, call, Key));   // nothing of that has used its nonce up
    }

    [Fact]
    public async Task Without_Redis_no_signed_call_is_taken_as_replay_cannot_be_ruled_out()
    {
        var sale = await world.PutOnSaleAsync(1);
        var alone = await world.StartAsync(configuration => EventsService.Build(configuration), new Dictionary<string, string?>(world.EventsSettings) { ["REDIS_PORT"] = "1" });
        Assert.Equal("dependency_unavailable", await SendAsync(World.Address(alone), New($"/internal/events/{sale.EventId}"), Key, retry: false));
    }

    [Fact]
    public async Task A_key_is_rotated_with_both_accepted_and_then_only_the_new_one()
    {
        var sale = await world.PutOnSaleAsync(1);
        var (path, fresh) = ($"/internal/events/{sale.EventId}", Stack.NewSecret());
        var both = await world.StartAsync(configuration => EventsService.Build(configuration),
            new Dictionary<string, string?>(world.EventsSettings) { ["INTERNAL_API_KEY"] = fresh, ["INTERNAL_API_KEY_PREVIOUS"] = Key });
        Assert.Equal(("ok", "ok"), (await SendAsync(World.Address(both), New(path), Key), await SendAsync(World.Address(both), New(path), fresh)));
        var after = await world.StartAsync(configuration => EventsService.Build(configuration), new Dictionary<string, string?>(world.EventsSettings) { ["INTERNAL_API_KEY"] = fresh });
        Assert.Equal(("bad_signature", "ok"), (await SendAsync(World.Address(after), New(path), Key), await SendAsync(World.Address(after), New(path), fresh)));
    }

    [Fact]
    public async Task A_key_for_codes_is_rotated_and_what_was_printed_with_the_old_one_admits_until_it_is_taken_away()
    {
        var sale = await world.PutOnSaleAsync(5);
        var codes = await world.BuyCodesAsync(sale, 3);
        var (old, fresh) = (world.TicketsSettings["QR_ENCRYPTION_KEY"]!, Stack.NewSecret());
        var both = await StartTicketsAsync(("QR_ENCRYPTION_KEY", fresh), ("QR_ENCRYPTION_KEY_PREVIOUS", old));
        Assert.Equal("admitted", await ScanAsync(both, sale, codes[0].Code));
        var after = await StartTicketsAsync(("QR_ENCRYPTION_KEY", fresh));
        Assert.Equal("refused", await ScanAsync(after, sale, codes[1].Code));
        Assert.Equal("admitted", await ScanAsync(world.TicketsUrl, sale, codes[2].Code));
    }

    [Fact]
    public async Task A_webhook_secret_is_rotated_with_both_accepted_and_then_only_the_new_one()
    {
        var (old, fresh) = (world.TicketsSettings["INTERNAL_WEBHOOK_SECRET"]!, Stack.NewSecret());
        var body = new { type = "payment.confirmed", data = new { orderId = Guid.CreateVersion7() } };
        var both = await StartTicketsAsync(("INTERNAL_WEBHOOK_SECRET", fresh), ("INTERNAL_WEBHOOK_SECRET_PREVIOUS", old));
        foreach (var secret in new[] { old, fresh }) Assert.Equal(HttpStatusCode.OK, (await world.PaymentWebhookAsync(body, secret: secret, replica: both)).StatusCode);
        var after = await StartTicketsAsync(("INTERNAL_WEBHOOK_SECRET", fresh));
        Assert.Equal(HttpStatusCode.OK, (await world.PaymentWebhookAsync(body, secret: fresh, replica: after)).StatusCode);
        Assert.Equal("bad_signature", await (await world.PaymentWebhookAsync(body, secret: old, replica: after)).RefusedAsync(HttpStatusCode.Unauthorized));
    }

    [Fact]
    public async Task Secrets_come_from_files_and_a_rotated_one_with_the_next_start()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.Path);
        var secrets = new[] { "DB_PASSWORD", "REDIS_PASSWORD", "JWT_SECRET", "INTERNAL_API_KEY", "INTERNAL_WEBHOOK_SECRET", "QR_ENCRYPTION_KEY" };
        foreach (var name in secrets) await File.WriteAllTextAsync(Path.Combine(folder.Path, name), world.TicketsSettings[name] + "\n", Stop);
        var settings = secrets.Select(name => (name, (string?)null)).Append(("SECRETS_DIR", folder.Path)).ToArray();
        var body = new { type = "payment.confirmed", data = new { orderId = Guid.CreateVersion7() } };
        var first = await world.StartReplicaAsync(settings);
        Assert.Equal(HttpStatusCode.OK, (await world.PaymentWebhookAsync(body, replica: first.Url)).StatusCode);
        using var person = world.Client(first.Url, Roles.Customer);
        await person.GetJsonAsync("/api/v1/orders");   // its token was signed with the JWT_SECRET of the file

        var fresh = Stack.NewSecret();
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "INTERNAL_WEBHOOK_SECRET"), fresh, Stop);
        var second = await world.StartReplicaAsync(settings);
        Assert.Equal(HttpStatusCode.OK, (await world.PaymentWebhookAsync(body, secret: fresh, replica: second.Url)).StatusCode);
        Assert.Equal("bad_signature", await (await world.PaymentWebhookAsync(body, replica: second.Url)).RefusedAsync(HttpStatusCode.Unauthorized));
    }

    private async Task<Uri> StartTicketsAsync(params (string Name, string Value)[] settings)
    {
        var all = new Dictionary<string, string?>(world.TicketsSettings);
        foreach (var (name, value) in settings) all[name] = value;
        return World.Address(await world.StartAsync(configuration => AdmitOne.Tickets.TicketsService.Build(configuration), all));
    }

    private async Task<string> ScanAsync(Uri service, Sale sale, string code) => (await (await world.ScanAsync(sale.EventId, code, replica: service)).ReadAsync()).Text("result");

    private SignedCall New(string path) => new("order-service", Now, Guid.CreateVersion7().ToString(), "GET", path, world.Tenant.ToString());

    private async Task<string> SendAsync(Uri service, SignedCall call, string key, string? sentPath = null, string? sentTenant = null, string? body = null, bool retry = true)
    {
        for (var attempt = 1; ; attempt++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, sentPath ?? call.PathAndQuery);
            if (body is not null) request.Content = new StringContent(body);
            request.Headers.Add(ServiceSignature.ServiceHeader, call.Service);
            request.Headers.Add(ServiceSignature.TimestampHeader, call.Timestamp.ToString(CultureInfo.InvariantCulture));
            request.Headers.Add(ServiceSignature.NonceHeader, call.Nonce);
            request.Headers.Add(ServiceSignature.TenantHeader, sentTenant ?? call.Tenant);
            request.Headers.Add(ServiceSignature.SignatureHeader, ServiceSignature.Sign(key, call, []));
            using var client = world.Client(service);
            using var answer = await client.SendAsync(request, Stop);
            // Redis gets 100 ms to remember the nonce, which a busy machine can miss: a caller signs anew and tries again.
            if (retry && answer.StatusCode == HttpStatusCode.ServiceUnavailable && attempt < 5)
            {
                call = call with { Nonce = Guid.CreateVersion7().ToString() };
                continue;
            }
            return answer.StatusCode == HttpStatusCode.OK ? "ok" : await answer.RefusedAsync(answer.StatusCode);
        }
    }
}
