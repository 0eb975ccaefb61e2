using System.Diagnostics;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.IntegrationTests.Telemetry;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Trust;

/// <summary>What must never stand in a log is put into every route, and looked for in every line, at the level that says most, in every span and in every report of a fault.</summary>
// Who listens to spans hears all of the process: a world that records makes calls of the other one recorded.
[Collection("worlds whose spans are sent")]
public sealed class CanaryTests(Stack stack)
{
    private const string Canary = "canary7f3a91";

    [Fact]
    public async Task No_line_of_any_log_has_an_address_a_name_a_token_a_code_or_a_secret()
    {
        stack.SkipIfMissing();
        await using var collector = await Collector.StartAsync();
        await using var sentry = await SentryServer.StartAsync();
        await using var world = await World.StartAsync(stack, ("LOG_LEVEL", "debug"), ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Url), ("SENTRY_DSN", sentry.Dsn));
        var walk = new Walk(world);
        var email = $"{Canary}@people.example";
        var token = world.Token(Roles.Admin, email: email);
        var secrets = new List<string> { Canary, email, token.Split('.')[2] };
        var sale = await world.PutOnSaleAsync(5, new SaleOptions { Event = new Dictionary<string, object?> { ["name"] = "Evening with " + Canary } });
        var codes = await world.BuyCodesAsync(sale, 2);
        secrets.AddRange(codes.Select(code => code.Code));
        foreach (var (_, code) in codes) await (await world.ScanAsync(sale.EventId, code, gate: "Gate " + Canary)).ReadAsync();
        secrets.AddRange(new[] { "DB_PASSWORD", "REDIS_PASSWORD", "JWT_SECRET", "INTERNAL_API_KEY", "INTERNAL_WEBHOOK_SECRET", "QR_ENCRYPTION_KEY" }.Select(name => world.TicketsSettings[name]!));

        foreach (var sample in await new WalkSamples(world).AllAsync())
        {
            using var request = sample.Request(sample.Role is null ? token : world.Token(sample.Role, sample.User, sample.Tenant, email));
            request.Headers.Add("traceparent", NewTrace());
            await walk.SendAsync((await walk.RoutesAsync()).First(route => route.Name == sample.Route), request, sample.SignedBy);
        }
        foreach (var route in await walk.RoutesAsync())
        {
            await walk.KnockAsync(route, new Visitor("a canary", "Bearer " + token));
            // The same where a value of each kind is broken: what cannot be read is explained, and must not be repeated.
            using var broken = new HttpRequestMessage(new HttpMethod(route.Method), route.Pattern.Replace("{", "", StringComparison.Ordinal).Replace("}", "", StringComparison.Ordinal) + $"?q={Canary}&cursor={Canary}");
            broken.Headers.TryAddWithoutValidation("Authorization", "Bearer " + token);
            broken.Headers.TryAddWithoutValidation("Idempotency-Key", Canary + Canary);
            if (route.Method is "POST" or "PATCH") broken.Content = new StringContent($$"""{"name":"{{Canary}}","email":"{{email}}","{{Canary}}":1}""", System.Text.Encoding.UTF8, "application/json");
            broken.Headers.Add("traceparent", NewTrace());
            await walk.SendAsync(route, broken);
        }

        var lines = 0;
        var found = new List<string>();
        foreach (var log in new[] { world.EventsSettings["LOG_FILE"]!, world.TicketsSettings["LOG_FILE"]! })
        {
            await World.UntilAsync(() => Task.FromResult(File.Exists(log)));
            await using var stream = new FileStream(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var reader = new StreamReader(stream);
            while (await reader.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
            {
                lines++;
                if (secrets.FirstOrDefault(secret => line.Contains(secret, StringComparison.OrdinalIgnoreCase)) is { } secret) found.Add($"{secret[..Math.Min(12, secret.Length)]}… in: {line[..Math.Min(400, line.Length)]}");
            }
        }
        Assert.True(lines > 100, $"There were only {lines} lines to look at.");

        await World.UntilAsync("the spans have arrived", () => Task.FromResult(collector.Spans.Count > 500));
        foreach (var sent in collector.Bodies.Select(System.Text.Encoding.Latin1.GetString).Concat(sentry.Arrived.Select(fault => fault.Text)))
            found.AddRange(secrets.Where(secret => sent.Contains(secret, StringComparison.OrdinalIgnoreCase)).Select(secret => $"{secret[..Math.Min(12, secret.Length)]}… in what was sent away"));
        Assert.True(found.Count == 0, string.Join('\n', found.Take(10)));
    }

    // The tests' own client is in this process and begins no trace that is kept; a caller's own is.
    private static string NewTrace() => $"00-{ActivityTraceId.CreateRandom().ToHexString()}-{ActivitySpanId.CreateRandom().ToHexString()}-01";
}
