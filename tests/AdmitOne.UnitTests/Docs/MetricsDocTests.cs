using System.Diagnostics.Metrics;
using System.Text;
using AdmitOne.Events;
using AdmitOne.Platform.Telemetry;
using AdmitOne.Tickets;
using AdmitOne.UnitTests.Architecture;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace AdmitOne.UnitTests.Docs;

/// <summary>What the metrics classes make and tag, heard by a listener: each emits its closed sets once, as 0, and the observable ones are asked.</summary>
public sealed class MetricsDocTests(Services services) : IClassFixture<Services>
{
    private const string Both = "both";

    [Fact]
    public void The_page_of_metrics_says_what_the_metrics_classes_make() => GeneratedDoc.Check("metrics.md", $$"""
        # Metrics

        Both services answer `/metrics` as Prometheus text. Tags come from closed sets: no ids, no tenants, no raw paths.

        ```bash run
        curl --fail --silent "$(tr -d ' \n' < "${ADMITONE_DATA:-.data}/run.json" | grep -o '"metrics":{[^}]*}' | grep -o 'http[^"]*' | tail -n 1)" | grep '^admitone_tickets_sold_total'
        ```

        ## The product's own

        {{GeneratedDoc.Table(["service", "in Prometheus", "kind", "unit", "tags", "meaning"], Heard().Select(i => new[]
        {
            i.Service, $"`{InPrometheus(i.Instrument)}`", Kind(i.Instrument), i.Instrument.Unit ?? "", Tags(i.Tags), i.Instrument.Description ?? "",
        }))}}

        A histogram has `_bucket`, `_sum` and `_count`; in seconds its bounds are 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.25, 0.5, 1, 2, 3, 5 and 10.
        The name in code has dots for underscores and no suffix: `admitone.tickets.sold`.

        ## The framework's

        The meters `Microsoft.AspNetCore.Hosting`, `Microsoft.AspNetCore.Server.Kestrel`, `System.Runtime`, `System.Net.Http` and `Npgsql`, under their own names. Panels, alerts and runbooks use these:

        | in Prometheus | kind | tags | meaning |
        | --- | --- | --- | --- |
        | `http_server_request_duration_seconds` | histogram | `http_route`, `http_request_method`, `http_response_status_code` | Requests, without probes and scrapes. |
        | `http_client_request_duration_seconds` | histogram | `server_address`, `http_response_status_code` | Calls to other services, by where they went; there after the first. |
        | `db_client_operation_duration_seconds` | histogram | `db_client_connection_pool_name` | Commands, from being sent to their answer. |
        | `db_client_connection_count` | gauge | `db_client_connection_state`: idle, used | Connections of the pool. |
        | `db_client_connection_max` | gauge | | The most that it may have: `DB_POOL_MAX`. |
        | `db_client_connection_npgsql_pending_requests` | gauge | | Who waits for a connection; there after the first time that somebody had to. |
        | `dotnet_process_memory_working_set_bytes` | gauge | | What the process has in memory. |
        | `dotnet_gc_last_collection_heap_size_bytes` | gauge | `gc_heap_generation` | The heap after the last collection; there after the first. |
        | `dotnet_gc_last_collection_memory_committed_size_bytes` | gauge | | What the runtime had committed for objects after the last collection; there after the first. |
        | `dotnet_gc_pause_time_seconds_total` | counter | | How long collections stopped everything. |
        | `dotnet_process_cpu_time_seconds_total` | counter | `cpu_mode`: user, system | Processor time. |
        | `dotnet_process_cpu_count` | gauge | | Processors that the process may use. |
        | `dotnet_thread_pool_thread_count_total` | gauge | | Threads of the pool; the runtime calls it a counter, and it falls too. |
        | `kestrel_active_connections` | gauge | `server_port` | Connections that are open. |
        | `kestrel_rejected_connections_total` | counter | `server_port` | Connections closed at once, because `MAX_CONNECTIONS` were open. |
        """);

    [Fact]
    public void Every_instrument_is_named_for_a_noun_and_a_verb_and_says_what_it_counts() =>
        Findings.None(Heard().Where(i => !i.Instrument.Name.StartsWith("admitone.", StringComparison.Ordinal) || i.Instrument.Name.Count(c => c == '.') < 2
            || string.IsNullOrEmpty(i.Instrument.Unit) || string.IsNullOrEmpty(i.Instrument.Description)).Select(i => i.Instrument.Name));

    [Fact]
    public async Task Every_counter_is_scraped_under_the_name_on_the_page_from_the_start()
    {
        var counters = Heard().Where(i => i.Instrument is Counter<long>).ToList();
        foreach (var (service, app) in services.All)
        {
            var text = await ScrapeAsync(service, app.Services);
            Findings.None(counters.Where(i => (i.Service == service || i.Service == Both) && !text.Contains($"# TYPE {InPrometheus(i.Instrument)} counter", StringComparison.Ordinal)).Select(i => i.Instrument.Name));
        }
    }

    private async Task<string> ScrapeAsync(string service, IServiceProvider host)
    {
        var route = services.Routes.Single(r => r.Service == service && r.Route.RoutePattern.RawText == "/metrics").Route;
        using var body = new MemoryStream();
        await route.RequestDelegate!(new DefaultHttpContext { RequestServices = host, Request = { Method = "GET" }, Response = { Body = body } });
        return Encoding.UTF8.GetString(body.ToArray());
    }

    private List<(string Service, Instrument Instrument, Dictionary<string, SortedSet<string>> Tags)> Heard()
    {
        var heard = new List<(string Service, Instrument Instrument, Dictionary<string, SortedSet<string>> Tags)>();
        foreach (var (service, assembly) in new[]
        {
            ("Events", typeof(EventsService).Assembly), ("Events", typeof(RequestMetrics).Assembly), ("Tickets", typeof(TicketsService).Assembly), ("Tickets", typeof(RequestMetrics).Assembly),
        })
        {
            // A factory of the test's own, so that nothing else is heard.
            using var factory = new ServiceCollection().AddMetrics().BuildServiceProvider();
            var meters = factory.GetRequiredService<IMeterFactory>();
            using var listener = new MeterListener
            {
                InstrumentPublished = (instrument, self) =>
                {
                    if (!ReferenceEquals(instrument.Meter.Scope, meters)) return;
                    heard.Add((service, instrument, []));
                    self.EnableMeasurementEvents(instrument);
                },
            };
            listener.SetMeasurementEventCallback<long>(Hear);
            listener.SetMeasurementEventCallback<int>(Hear);
            listener.SetMeasurementEventCallback<double>(Hear);
            void Hear<T>(Instrument instrument, T value, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? state)
            {
                var known = heard.First(h => ReferenceEquals(h.Instrument, instrument)).Tags;
                foreach (var (name, text) in tags)
                {
                    if (!known.TryGetValue(name, out var values)) known[name] = values = new(StringComparer.Ordinal);
                    values.Add($"{text}");
                }
            }
            listener.Start();
            var made = new List<object>();
            var host = services.All.First(s => s.Name == service).App.Services;
            foreach (var type in assembly.GetTypes().Where(type => type.Name.EndsWith("Metrics", StringComparison.Ordinal) && type.IsClass && !type.IsAbstract))
            {
                // Of what the platform offers, a service takes what it needs; what it has made itself must be in use.
                if (assembly == typeof(RequestMetrics).Assembly && !IsRegistered(host, type)) continue;
                Assert.True(IsRegistered(host, type), $"{type.Name} is not registered: it counts nothing.");
                made.Add(ActivatorUtilities.CreateInstance(host, type, meters));
            }
            listener.RecordObservableInstruments();
            GC.KeepAlive(made);
        }
        // What both services have alike is said once.
        var both = heard.GroupBy(h => h.Instrument.Name).Where(same => same.Select(h => h.Service).Distinct().Count() == 2 && same.Select(h => Tags(h.Tags)).Distinct().Count() == 1).Select(same => same.Key).ToHashSet();
        return [.. heard.Select(h => (Service: both.Contains(h.Instrument.Name) ? Both : h.Service, h.Instrument, h.Tags)).DistinctBy(h => (h.Service, h.Instrument.Name)).OrderBy(h => h.Service, StringComparer.Ordinal).ThenBy(h => h.Instrument.Name, StringComparer.Ordinal)];
    }

    private static bool IsRegistered(IServiceProvider host, Type type) => host.GetRequiredService<IServiceProviderIsService>().IsService(type);

    private static string Kind(Instrument instrument) => instrument.GetType().Name.Split('`')[0] switch
    {
        "Counter" or "ObservableCounter" => "counter",
        "Histogram" => "histogram",
        _ => "gauge",
    };

    private static string InPrometheus(Instrument instrument) =>
        instrument.Name.Replace('.', '_') + instrument.Unit switch { "s" => "_seconds", "ms" => "_milliseconds", "By" => "_bytes", _ => "" } + (Kind(instrument) == "counter" ? "_total" : "");

    private static string Tags(Dictionary<string, SortedSet<string>> tags) => string.Join("; ", tags.Select(tag => $"`{tag.Key}`: {string.Join(", ", tag.Value)}"));
}
