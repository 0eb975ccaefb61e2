using System.Net;
using System.Net.Http.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Door;

/// <summary>A scanner has a credential of its own, for its event and its gates, until it is taken out of service.</summary>
public sealed class ScannerTests(World world) : IClassFixture<World>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_one_time_code_gives_one_credential_however_many_type_it_at_once()
    {
        var (id, code) = await world.InviteScannerAsync();
        using var nobody = world.Tickets();
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(n => nobody.PostAsync("/api/v1/devices/activate", new { code = n % 2 == 0 ? code : $"{code[..4]}-{code[4..].ToLowerInvariant()}", appVersion = "1.4.0" })));
        var won = await answers.Single(a => a.StatusCode == HttpStatusCode.OK).ReadAsync();
        Assert.Equal(id, won.Id("deviceId"));
        foreach (var lost in answers.Where(a => a.StatusCode != HttpStatusCode.OK)) Assert.Equal("not_found", await lost.RefusedAsync(HttpStatusCode.NotFound));
        Assert.Equal("not_found", await (await nobody.PostAsync("/api/v1/devices/activate", new { code = "NEVERGIVEN22" })).RefusedAsync(HttpStatusCode.NotFound));

        var secret = won.Text("credential").Split('.')[1];
        Assert.Equal(0, await world.Ask<int>("select count(*)::int from tickets.devices d where strpos(d::text, @secret) > 0 or strpos(d::text, @code) > 0", new { secret, code }));
        using var manager = world.Tickets(Roles.VenueManager);
        var device = await manager.GetJsonAsync($"/api/v1/devices/{id}");
        Assert.Equal(("active", "1.4.0"), (device.Text("status"), device.Text("appVersion")));
        Assert.Contains((await manager.GetJsonAsync("/api/v1/devices?limit=100")).Items(), d => d.Id() == id);
        using var stranger = world.Tickets(Roles.VenueManager, tenant: world.OtherTenant);
        Assert.Equal("not_found", await (await stranger.GetAsync($"/api/v1/devices/{id}", Cancellation)).RefusedAsync(HttpStatusCode.NotFound));
        Assert.Equal("not_found", await (await stranger.DeleteAsync($"/api/v1/devices/{id}", Cancellation)).RefusedAsync(HttpStatusCode.NotFound));
    }

    [Fact]
    public async Task It_scans_for_its_event_at_its_gates_and_may_do_nothing_else()
    {
        var (sale, other) = (await world.PutOnSaleAsync(5), await world.PutOnSaleAsync(5));
        var code = (await world.BuyCodesAsync(sale))[0].Code;
        var scanner = await world.ActivateScannerAsync(sale, "North 2");
        using var client = world.As(scanner);
        Assert.Equal("not_found", await (await ScanAsync(client, other.EventId, code)).RefusedAsync(HttpStatusCode.NotFound));
        Assert.Equal("validation_failed", await (await ScanAsync(client, sale.EventId, code, "South")).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        Assert.Equal("admitted", (await (await ScanAsync(client, sale.EventId, code)).ReadAsync()).Text("result"));
        Assert.Equal(("North 2", scanner.Id, (Guid?)null), await world.Ask<(string, Guid, Guid?)>("select gate, device_id, validated_by from tickets.ticket_validations where event_id = @EventId", new { sale.EventId }));

        Assert.Equal(1, (await client.GetJsonAsync($"/api/v1/events/{sale.EventId}/door")).Number("admitted"));
        foreach (var path in new[] { "/api/v1/devices", "/api/v1/orders", $"/api/v1/events/{sale.EventId}/scan-conflicts" })
            Assert.Equal("token_missing", await (await client.GetAsync(path, Cancellation)).RefusedAsync(HttpStatusCode.Unauthorized));
        foreach (var wrong in new[] { scanner.Credential[..^1] + (scanner.Credential[^1] == '0' ? '1' : '0'), $"{Guid.CreateVersion7()}.{scanner.Credential.Split('.')[1]}", "nonsense", $"{scanner.Id}." })
        {
            using var forged = world.As(scanner with { Credential = wrong });
            Assert.Equal("token_invalid", await (await ScanAsync(forged, sale.EventId, code)).RefusedAsync(HttpStatusCode.Unauthorized));
        }
    }

    [Fact]
    public async Task A_revoked_scanner_is_refused_at_its_next_call_at_every_replica_and_a_rolled_one_has_a_new_credential()
    {
        var sale = await world.PutOnSaleAsync(5);
        var code = (await world.BuyCodesAsync(sale))[0].Code;
        var replica = await world.StartReplicaAsync();
        var scanner = await world.ActivateScannerAsync(sale);
        using var manager = world.Tickets(Roles.VenueManager);
        using var there = world.As(scanner, replica.Url);
        Assert.Equal("not_inside", (await (await ScanAsync(there, sale.EventId, code, direction: "out")).ReadAsync()).Text("reason"));

        var rolled = await manager.MakeAsync($"/api/v1/devices/{scanner.Id}/activation", new { });
        using var nobody = world.Tickets();
        var anew = new Scanner(scanner.Id, (await (await nobody.PostAsync("/api/v1/devices/activate", new { code = rolled.Text("activationCode") })).ReadAsync()).Text("credential"));
        using var old = world.As(scanner);
        Assert.Equal("token_invalid", await (await ScanAsync(old, sale.EventId, code)).RefusedAsync(HttpStatusCode.Unauthorized));
        using var client = world.As(anew);
        using var byReplica = world.As(anew, replica.Url);
        await World.UntilAsync(async () => (await ScanAsync(byReplica, sale.EventId, code, direction: "out")).StatusCode == HttpStatusCode.OK);

        Assert.Equal(HttpStatusCode.NoContent, (await manager.DeleteAsync($"/api/v1/devices/{scanner.Id}", Cancellation)).StatusCode);
        Assert.Equal("device_revoked", await (await ScanAsync(byReplica, sale.EventId, code)).RefusedAsync(HttpStatusCode.Forbidden));
        Assert.Equal("device_revoked", await (await ScanAsync(client, sale.EventId, code)).RefusedAsync(HttpStatusCode.Forbidden));
        Assert.Equal("device_revoked", await (await client.GetAsync($"/api/v1/events/{sale.EventId}/door-pack", Cancellation)).RefusedAsync(HttpStatusCode.Forbidden));
        using var staff = world.Tickets(Roles.VenueStaff);
        Assert.Equal("device_revoked", await (await staff.PostAsync("/api/v1/scans", new { code, eventId = sale.EventId, deviceId = scanner.Id })).RefusedAsync(HttpStatusCode.Forbidden));
        Assert.Equal(HttpStatusCode.NoContent, (await manager.DeleteAsync($"/api/v1/devices/{scanner.Id}", Cancellation)).StatusCode);
        Assert.Equal("device_revoked", await (await manager.PostAsync($"/api/v1/devices/{scanner.Id}/activation", new { })).RefusedAsync(HttpStatusCode.Forbidden));
        Assert.Equal(0, await world.Ask<int>("select count(*)::int from tickets.admissions where event_id = @EventId", new { sale.EventId }));
        Assert.Equal(["device.activate", "device.activate", "device.register", "device.revoke", "device.roll"],
            (await world.Ask<string>("select string_agg(action, ',' order by action) from platform.audit_log where resource_id = @Id", new { scanner.Id }))!.Split(','));
    }

    private static Task<HttpResponseMessage> ScanAsync(HttpClient client, Guid eventId, string code, string? gate = null, string direction = "in") =>
        client.PostAsJsonAsync("/api/v1/scans", new { code, eventId, gate, direction }, Cancellation);
}
