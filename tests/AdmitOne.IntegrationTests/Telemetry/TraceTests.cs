using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.IntegrationTests.Webhooks;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Telemetry;

/// <summary>One trace id follows a purchase wherever it causes work, and a collector sees it whole.</summary>
// Who listens to spans hears all of the process: a world that records makes calls of the other one recorded.
[Collection("worlds whose spans are sent")]
public sealed class TraceTests(Stack stack)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task One_trace_goes_from_the_request_through_the_lane_and_the_database_to_the_webhook()
    {
        stack.SkipIfMissing();
        await using var collector = await Collector.StartAsync();
        await using var receiver = await WebhookReceiver.StartAsync();
        await using var world = await World.StartAsync(stack, ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Url), ("WEBHOOK_ALLOW_LOOPBACK", "true"));
        using var manager = world.Tickets(Roles.VenueManager);
        await manager.MakeAsync("/api/v1/webhook-endpoints", new { url = receiver.Url + "/secret-path", types = new[] { "order.paid" } });
        var sale = await world.PutOnSaleAsync(10);

        var trace = ActivityTraceId.CreateRandom().ToHexString();
        var bought = await BuyAsync(world, sale, trace, recorded: true);
        Assert.Equal(trace, bought.Headers.GetValues("X-Request-Id").Single());
        await World.UntilAsync(() => Task.FromResult(!receiver.Arrived.IsEmpty && collector.Of(trace).Any(span => span.Name == "webhook")));

        var spans = collector.Of(trace);
        var request = Assert.Single(spans, span => span.Name.TrimEnd('/') == "POST /api/v1/purchases");
        Assert.Equal("ticket-service", request.Service);
        var batches = spans.Where(span => span.Name == "lane batch").ToList();
        Assert.NotEmpty(batches);
        var waits = spans.Where(span => span.Parent == request.SpanId && span.Source == "AdmitOne").ToList();
        Assert.All(waits, wait => Assert.Contains(wait.Links, link => batches.Any(batch => batch.SpanId == link)));
        Assert.Contains(spans, span => span.Source == "Npgsql" && batches.Any(batch => batch.SpanId == span.Parent));
        Assert.Contains(spans, span => span.Name == "webhooks");
        var delivery = spans.First(span => span.Name == "webhook");
        var call = Assert.Single(spans, span => span.Parent == delivery.SpanId && span.Source == "System.Net.Http");
        Assert.Equal($"00-{trace}-{call.SpanId}-01", receiver.Arrived.First().TraceParent);

        // A stranger's webhook address may hold a secret, a path a person.
        Assert.DoesNotContain(collector.Bodies, body => Encoding.UTF8.GetString(body).Contains("secret-path", StringComparison.Ordinal));
        Assert.DoesNotContain(collector.Spans, span => span.Name.Contains("/health", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_question_that_goes_on_to_the_other_service_is_one_trace_over_both()
    {
        stack.SkipIfMissing();
        await using var collector = await Collector.StartAsync();
        await using var world = await World.StartAsync(stack, ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Url));
        var sale = await world.PutOnSaleAsync(10);
        await (await world.BuyAsync(sale)).ReadAsync(HttpStatusCode.Created);
        using var events = world.Events(Roles.VenueManager);
        using var cancelled = await events.PostAsJsonAsync($"/api/v1/events/{sale.EventId}/transitions", new { to = "cancelled", reason = "The river rose." }, Stop);
        Assert.True(cancelled.IsSuccessStatusCode, await cancelled.Content.ReadAsStringAsync(Stop));

        var trace = ActivityTraceId.CreateRandom().ToHexString();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/events/{sale.EventId}/cancellation");
        request.Headers.Add("traceparent", $"00-{trace}-{ActivitySpanId.CreateRandom().ToHexString()}-01");
        using var answer = await events.SendAsync(request, Stop);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Stop));

        await World.UntilAsync(() => Task.FromResult(collector.Of(trace).Any(span => span.Service == "ticket-service")));
        await World.UntilAsync(() => Task.FromResult(collector.Of(trace).Any(span => span.Service == "event-service")));
        var inTickets = collector.Of(trace).First(span => span.Service == "ticket-service");
        var call = Assert.Single(collector.Of(trace), span => span.SpanId == inTickets.Parent);
        Assert.Equal("System.Net.Http", call.Source);
    }

    [Fact]
    public async Task What_a_request_asks_of_Redis_is_in_its_trace_by_its_command_and_names_no_key()
    {
        stack.SkipIfMissing();
        await using var collector = await Collector.StartAsync();
        await using var world = await World.StartAsync(stack, ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Url));
        var trace = ActivityTraceId.CreateRandom().ToHexString();
        using var nobody = world.Events();
        // A page that is in memory asks Redis nothing: another list each time.
        for (var limit = 1; limit < 10; limit++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/events?limit={limit}");
            request.Headers.Add("traceparent", $"00-{trace}-{ActivitySpanId.CreateRandom().ToHexString()}-01");
            using var answer = await nobody.SendAsync(request, Stop);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
        await World.UntilAsync(() =>
            Task.FromResult(collector.Of(trace).Any(span => span.Source.EndsWith("StackExchangeRedis", StringComparison.Ordinal))));
        var spans = collector.Of(trace);
        Assert.All(spans.Where(span => span.Source.EndsWith("StackExchangeRedis", StringComparison.Ordinal)), span => Assert.Contains(spans, parent => parent.SpanId == span.Parent));
        Assert.DoesNotContain(collector.Bodies, body => Encoding.UTF8.GetString(body).Contains("cache:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_share_of_none_sends_nothing_but_what_a_caller_records()
    {
        stack.SkipIfMissing();
        await using var collector = await Collector.StartAsync();
        await using var world = await World.StartAsync(stack, ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Url), ("OTEL_TRACES_SAMPLER_ARG", "0"));
        var sale = await world.PutOnSaleAsync(10);
        for (var i = 0; i < 3; i++) await (await world.BuyAsync(sale)).ReadAsync(HttpStatusCode.Created);
        var (kept, left) = (ActivityTraceId.CreateRandom().ToHexString(), ActivityTraceId.CreateRandom().ToHexString());
        await BuyAsync(world, sale, left, recorded: false);
        await BuyAsync(world, sale, kept, recorded: true);
        await World.UntilAsync(() => Task.FromResult(collector.Of(kept).Any(span => span.Name.TrimEnd('/') == "POST /api/v1/purchases")));
        Assert.All(collector.Spans.Where(span => span.Service.Length > 0), span => Assert.Equal(kept, span.TraceId));
        Assert.Equal(0, await world.Ask<int>("select count(*) from platform.outbox where trace_parent is not null and trace_parent not like '00-' || @kept || '%'", new { kept }));
    }

    private static async Task<HttpResponseMessage> BuyAsync(World world, Sale sale, string trace, bool recorded)
    {
        using var client = world.Tickets(Roles.Customer, Guid.CreateVersion7());
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/purchases")
        {
            Content = JsonContent.Create(new { eventId = sale.EventId, items = new[] { new { ticketTypeId = sale.TicketTypeId, quantity = 1 } }, payment = new { method = "test", token = "tok_ok" } }),
        };
        request.Headers.Add("Idempotency-Key", Guid.CreateVersion7().ToString());
        request.Headers.Add("traceparent", $"00-{trace}-{ActivitySpanId.CreateRandom().ToHexString()}-{(recorded ? "01" : "00")}");
        var answer = await client.SendAsync(request, Stop);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        return answer;
    }
}
