using AdmitOne.Cli.Checklists;
using AdmitOne.Cli.Doctor;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace AdmitOne.IntegrationTests.Doctor;

/// <summary>The checklists' lines about a running system: go on one that sells, no-go on one that is ill.</summary>
public sealed class WalkedSystemTests(World world, Stack stack) : IClassFixture<World>
{
    // Word for word, from both lists.
    private static readonly string[] s_aboutServices =
    [
        "Health check endpoint implemented", "Prometheus metrics endpoint exposed", "Authentication and authorization enforced", "Monitor error rates (< 1%)", "Monitor memory usage (< 80%)",
        "Monitor database connections", "No database connection errors", "JWT validation enabled", "Admin endpoints restricted (admin, ops roles only)", "XSS protection enabled",
        "Metrics endpoint (/metrics) exposed internally", "All custom metrics verified", "Business metrics validated (purchases, validations)", "Ticket purchase flow tested end-to-end",
        "QR code generation tested", "QR code validation tested", "User ticket listing tested", "Reservation expiry worker running", "Health checks passing", "Event loop lag monitoring enabled",
        "Worker processes optimized", "Database connection pool healthy",
    ];

    private static readonly string[] s_aboutPrometheus =
        ["All critical alerts are silent", "No alerts firing", "Prometheus scraping configured", "Alert rules loaded in Prometheus", "All 17 Grafana panels showing data", "Monitoring dashboards showing green metrics"];

    private static readonly string[] s_aboutStores =
        ["PostgreSQL accessible", "Redis accessible", "Foreign keys in place (13 constraints)", "Performance indexes created (42 indexes)", "No orphaned records present", "Tenant isolation implemented", "Auth Service accessible", "Event Service accessible"];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task In_a_system_that_sells_and_admits_the_lines_about_it_say_go()
    {
        await world.SpeakToProcessesAsync();   // the tests' own memory is not a service's
        var sale = await world.PutOnSaleAsync(5);
        var code = (await world.BuyCodesAsync(sale))[0].Code;
        await (await world.ScanAsync(sale.EventId, code)).ReadAsync();
        using var buyer = world.Tickets(Roles.Customer);
        await buyer.GetJsonAsync("/api/v1/tickets");
        await World.UntilAsync("the sweeper has ended a step", async () =>
            (await world.Tickets().GetStringAsync("/metrics", Stop)).Split('\n').Any(line => line.StartsWith("admitone_worker_last_success_timestamp_seconds{worker=\"hold_expiry_worker\"}", StringComparison.Ordinal) && !line.EndsWith(" 0", StringComparison.Ordinal)));
        var walked = await WalkAsync(world.EventsUrl, world.TicketsUrl, prometheus: null);
        Missing(walked, [.. s_aboutServices, .. s_aboutStores], Verdict.Go);
        // Without a Prometheus to ask, a person must look.
        Missing(walked, s_aboutPrometheus, Verdict.Person);
    }

    [Fact]
    public async Task In_a_system_that_is_ill_the_same_lines_say_no()
    {
        await using var ill = await ServerAsync(context =>
        {
            if (context.Request.Path == "/metrics") return Ill(context);
            context.Response.StatusCode = context.Request.Path == "/health/ready" ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK;
            return Task.CompletedTask;
        });
        await using var prometheus = await ServerAsync(context => context.Response.WriteAsync(context.Request.Path.Value!.Split('/')[^1] switch
        {
            "alerts" => """{"status":"success","data":{"alerts":[{"state":"firing","labels":{"alertname":"TicketServiceDown","severity":"critical"}}]}}""",
            "targets" => """{"status":"success","data":{"activeTargets":[{"labels":{"job":"ticket-service"},"health":"down"}]}}""",
            "rules" => """{"status":"success","data":{"groups":[]}}""",
            _ => """{"status":"success","data":{"resultType":"vector","result":[]}}""",
        }));
        var walked = await WalkAsync(new Uri(ill.Urls.First()), new Uri(ill.Urls.First()), new Uri(prometheus.Urls.First()));
        Missing(walked, [.. s_aboutServices, .. s_aboutPrometheus, "Monitor CPU usage (< 80%)", "CPU usage normal", "Monitor response times (p95 < 1s)", "Monitor Redis hit rate (> 90%)", "Rate limit headers enabled"], Verdict.NoGo);
        Assert.DoesNotContain(walked, line => line.Finding.Found.Contains("cannot be looked at", StringComparison.Ordinal));
    }

    [Fact]
    public async Task With_a_prometheus_that_has_everything_its_lines_say_go()
    {
        await using var prometheus = await ServerAsync(context => context.Response.WriteAsync(context.Request.Path.Value!.Split('/')[^1] switch
        {
            "alerts" => """{"status":"success","data":{"alerts":[]}}""",
            "targets" => """{"status":"success","data":{"activeTargets":[{"labels":{"job":"ticket-service"},"health":"up"},{"labels":{"job":"event-service"},"health":"up"}]}}""",
            "rules" => $$$"""{"status":"success","data":{"groups":[{"name":"ticket-service","rules":[{{{string.Join(',', Enumerable.Repeat("{}", 23))}}}]},{"name":"event-service","rules":[{}]}]}}""",
            _ => """{"status":"success","data":{"resultType":"vector","result":[{"value":[0,"1"]}]}}""",
        }));
        Missing(await WalkAsync(world.EventsUrl, world.TicketsUrl, new Uri(prometheus.Urls.First())), s_aboutPrometheus, Verdict.Go);
    }

    [Fact]
    public async Task What_the_database_lacks_turns_its_lines()
    {
        await world.Sql("alter table tickets.orders drop constraint orders_user_id_fkey; alter table tickets.orders add constraint orders_user_id_fkey foreign key (tenant_id, user_id) references platform.users (tenant_id, id) on delete set null (user_id) not valid");
        try
        {
            var walked = await WalkAsync(world.EventsUrl, world.TicketsUrl, null);
            Missing(walked, ["No orphaned records present", "All existing data validated for foreign key constraints", "Foreign keys in place (13 constraints)", "Foreign key migration (002_add_foreign_keys.ts) tested"], Verdict.NoGo);
            // The tests' PostgreSQL is neither encrypted nor archived.
            Missing(walked, ["SSL/TLS enabled for database connections", "Point-in-time recovery (PITR) enabled"], Verdict.NoGo);
        }
        finally
        {
            await world.Sql("alter table tickets.orders validate constraint orders_user_id_fkey");
        }
    }

    private async Task<IReadOnlyList<CheckedLine>> WalkAsync(Uri events, Uri tickets, Uri? prometheus)
    {
        stack.SkipIfMissing();
        await using var patient = new Patient(Patient.Of(new ConfigurationBuilder().AddInMemoryCollection(world.EventsSettings).Build(), new ConfigurationBuilder().AddInMemoryCollection(world.TicketsSettings).Build()))
        {
            EventsUrl = events,
            TicketsUrl = tickets,
            PrometheusUrl = prometheus,
            Root = Docs.RunnableBlock.Root,
        };
        var walked = new List<CheckedLine>();
        foreach (var (_, lines) in ChecklistTables.All) walked.AddRange(await ChecklistWalk.RunAsync(lines, patient, Stop));
        return walked;
    }

    private static void Missing(IReadOnlyList<CheckedLine> walked, IEnumerable<string> texts, Verdict verdict)
    {
        var otherwise = texts.SelectMany(text => walked.Where(line => line.Line.Text == text && line.Finding.Verdict != verdict).Select(line => $"{text}: {line.Finding}")
            .Concat(walked.Any(line => line.Line.Text == text) ? [] : [$"there is no line {text}"])).ToList();
        Assert.True(otherwise.Count == 0, string.Join('\n', otherwise));
    }

    // Every figure is on the wrong side of its bound; processor time goes by ten times as fast as time.
    private static Task Ill(HttpContext context) => context.Response.WriteAsync($$"""
        http_server_request_duration_seconds_bucket{http_route="/x",http_response_status_code="500",le="1"} 5
        http_server_request_duration_seconds_bucket{http_route="/x",http_response_status_code="500",le="3"} 100
        http_server_request_duration_seconds_bucket{http_route="/x",http_response_status_code="500",le="+Inf"} 100
        http_server_request_duration_seconds_count{http_route="/x",http_response_status_code="500"} 100
        dotnet_process_memory_working_set_bytes 2147483648
        dotnet_process_cpu_time_seconds_total {{TimeProvider.System.GetTimestamp() / (double)TimeProvider.System.TimestampFrequency * 10}}
        dotnet_process_cpu_count 2
        db_client_connection_count{state="used"} 20
        db_client_connection_max 20
        admitone_database_connections_failed_total{reason="refused"} 3
        admitone_cache_reads_total{tier="database"} 90
        admitone_cache_reads_total{tier="memory"} 10
        admitone_purchases_answered_total{result="paid"} 0
        admitone_scans_answered_total{reason="ok"} 0
        admitone_worker_last_success_timestamp_seconds{worker="hold_expiry_worker"} 1
        """);

    private static async Task<WebApplication> ServerAsync(RequestDelegate answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        app.Run(answer);
        await app.StartAsync(Stop);
        return app;
    }
}
