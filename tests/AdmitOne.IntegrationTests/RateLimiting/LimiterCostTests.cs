using System.Diagnostics;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.RateLimiting;

/// <summary>What a limit costs each call: the same reads, by turns, of a service that counts and of one that does not.</summary>
public sealed class LimiterCostTests(LimiterCostTests.Counting counting, World free) : IClassFixture<LimiterCostTests.Counting>, IClassFixture<World>
{
    private const int Rounds = 2000;

    public sealed class Counting(Stack stack) : World(stack,
        [("ENABLE_RATE_LIMITING", "true"), ("RATE_LIMIT_READ_MAX", "100000"), ("RATE_LIMIT_GLOBAL_MAX", "100000"), ("REDIS_DB", "4")]);

    [Fact, Trait("Category", "Long")]
    public async Task A_call_is_counted_within_a_millisecond()
    {
        foreach (var (what, role, path) in new[] { ("a user's read, counted in Redis", Roles.Customer, "/api/v1/orders"), ("an anonymous read, by lease", null, "/api/v1/ticket-types/" + Guid.CreateVersion7()) })
        {
            using var with = counting.Tickets(role);
            using var without = free.Tickets(role);
            var (limited, unlimited) = (new List<double>(), new List<double>());
            for (var i = 0; i < Rounds; i++)
            {
                limited.Add(await TimeAsync(with, path));
                unlimited.Add(await TimeAsync(without, path));
            }
            var (cost, at) = (Median(limited[200..]) - Median(unlimited[200..]), Median(unlimited[200..]));
            TestContext.Current.SendDiagnosticMessage("{0}: {1:0.000} ms more at the median, beside {2:0.000} ms without", what, cost, at);
            Assert.InRange(cost, -1, 1);
        }
    }

    private static async Task<double> TimeAsync(HttpClient client, string path)
    {
        var since = Stopwatch.GetTimestamp();
        using var answer = await client.GetAsync(path, TestContext.Current.CancellationToken);
        return Stopwatch.GetElapsedTime(since).TotalMilliseconds;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
