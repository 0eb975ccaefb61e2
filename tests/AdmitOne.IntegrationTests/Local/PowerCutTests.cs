using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using AdmitOne.Identity;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;
using Dapper;
using Npgsql;

namespace AdmitOne.IntegrationTests.Local;

/// <summary>Everything dies in the middle of a sale: services, PostgreSQL and Redis, without a goodbye.</summary>
public sealed class PowerCutTests : IDisposable
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private readonly TemporaryFolder _folder = new();
    private readonly IReadOnlyList<int> _ports = RunningUp.FreePorts();

    public void Dispose() => _folder.Dispose();

    [Fact, Trait("Category", "Long")]
    public async Task After_a_power_cut_in_the_middle_of_a_sale_every_answered_order_is_there_with_its_tickets_and_the_books_are_right()
    {
        var up = await RunningUp.StartReadyAsync(_folder.Path, _ports, "--replicas", "2");
        var run = await RunningUp.ReadRunAsync(_folder.Path);
        var mint = new TokenMint(new JwtOptions { Secret = Secret("JWT_SECRET") }, TimeProvider.System);
        var answered = new ConcurrentDictionary<Guid, int>();
        using var cut = new CancellationTokenSource();
        var buyers = Enumerable.Range(0, 40).Select(n => BuyUntilAsync(run, mint, n, answered, cut.Token)).ToArray();
        await World.UntilAsync(() => Task.FromResult(answered.Count >= 60));

        foreach (var pid in Everything(run)) Kill(pid);
        await cut.CancelAsync();
        await Task.WhenAll(buyers);
        await up.ExitCodeAsync();

        await using var next = await RunningUp.StartReadyAsync(_folder.Path, _ports);
        run = await RunningUp.ReadRunAsync(_folder.Path);
        await using (var database = await OpenAsync(run))
        {
            foreach (var (order, tickets) in answered)
            {
                var found = await database.QuerySingleOrDefaultAsync<(string Status, long Tickets)>(
                    "select o.status, (select count(*) from tickets.tickets t where t.order_id = o.id) from tickets.orders o where o.id = @order", new { order });
                Assert.Equal(("paid", (long)tickets), found);
            }
        }
        using var admin = new HttpClient { BaseAddress = new Uri(run.GetProperty("tickets")[0].GetString()!) };
        admin.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", mint.Mint(new TokenHolder(Tenant(run), Guid.CreateVersion7(), Roles.Admin, "admin@people.example")));
        var report = await admin.GetJsonAsync("/api/v1/admin/inventory/verify");
        Assert.True(report.GetProperty("problems").GetArrayLength() == 0, report.ToString());
    }

    private static async Task BuyUntilAsync(JsonElement run, TokenMint mint, int buyer, ConcurrentDictionary<Guid, int> answered, CancellationToken stop)
    {
        var demo = run.GetProperty("demo");
        using var client = new HttpClient { BaseAddress = new Uri(run.GetProperty("tickets")[buyer % 2].GetString()!) };
        while (!stop.IsCancellationRequested)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/purchases");
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", mint.Mint(new TokenHolder(Tenant(run), Guid.CreateVersion7(), Roles.Customer, $"{Guid.CreateVersion7():n}@people.example")));
            request.Headers.Add("Idempotency-Key", Guid.CreateVersion7().ToString());
            request.Content = JsonContent.Create(new
            {
                eventId = demo.Id("eventId"), items = new[] { new { ticketTypeId = demo.Id("ticketTypeId"), quantity = 1 } }, payment = new { method = "test", token = "tok_ok" },
            });
            try
            {
                using var answer = await client.SendAsync(request, stop);
                if (answer.StatusCode != HttpStatusCode.Created) continue;
                var bought = await answer.ReadAsync(HttpStatusCode.Created);
                answered[bought.Id("orderId")] = bought.Items("tickets").Count;
            }
            catch (Exception gone) when (gone is HttpRequestException or OperationCanceledException or IOException)
            {
                // The lights went out, or are about to.
                await Task.Delay(20, CancellationToken.None);
            }
        }
    }

    private IEnumerable<int> Everything(JsonElement run)
    {
        yield return run.GetProperty("pid").GetInt32();
        yield return int.Parse(File.ReadLines(Path.Combine(_folder.Path, "servers", "postgres", "cluster", "postmaster.pid")).First(), CultureInfo.InvariantCulture);
        foreach (var redis in Process.GetProcessesByName("redis-server"))
        {
            using (redis)
                if (CommandLine(redis.Id).Contains($":{run.GetProperty("redis").GetProperty("port").GetInt32()}", StringComparison.Ordinal)) yield return redis.Id;
        }
    }

    private static string CommandLine(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline");
        }
        catch (IOException)
        {
            return "";
        }
    }

    private static void Kill(int pid)
    {
        using var process = Process.GetProcessById(pid);
        process.Kill();
    }

    private string Secret(string name) => JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder.Path, "secrets.json"))).RootElement.GetProperty(name).GetString()!;

    private static Guid Tenant(JsonElement run) => run.GetProperty("demo").Id("tenantId");

    private static async Task<NpgsqlConnection> OpenAsync(JsonElement run)
    {
        var postgres = run.GetProperty("postgres");
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder
        {
            Host = postgres.Text("host"), Port = (int)postgres.Number("port"), Pooling = false, Database = postgres.Text("database"), Username = postgres.Text("user"),
            Password = postgres.Text("password"),
        }.ConnectionString);
        await connection.OpenAsync(Cancellation);
        return connection;
    }
}
