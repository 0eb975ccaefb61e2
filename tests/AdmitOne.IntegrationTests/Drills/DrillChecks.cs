using System.Globalization;
using System.Net;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Schema;
using Npgsql;

namespace AdmitOne.IntegrationTests.Drills;

/// <summary>What every drill asks after its fault: that sales go on, that nothing is lost, and what the metrics said meanwhile.</summary>
internal static class DrillChecks
{
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(60);

    /// <summary>Buys as a person does: again and again until there is a place.</summary>
    /// <returns>When it was sold.</returns>
    public static async Task<DateTimeOffset> SellsAgainAsync(World world, Sale sale, Uri? replica = null)
    {
        await World.UntilAsync(async () =>
        {
            using var bought = await world.BuyAsync(sale, replica: replica);
            return bought.StatusCode == HttpStatusCode.Created;
        }, s_longest);
        return DrillSale.Now;
    }

    /// <summary>Ends the sale. Every purchase that was answered is there and paid, nobody was refused for good, and the books are right.</summary>
    public static async Task EndAsync(World world, Sale sale, params DrillSale[] sales)
    {
        foreach (var one in sales) await one.DisposeAsync();
        await World.UntilAsync(async () => await AskAsync<int>(world, "select count(*)::int from tickets.orders where status = 'payment_pending'") == 0, TimeSpan.FromSeconds(90));
        foreach (var one in sales)
        {
            var orders = one.Bought.Select(bought => bought.OrderId).ToArray();
            Assert.NotEmpty(orders);
            Assert.Equal(orders.Length, await world.Ask<int>("select count(*)::int from tickets.orders where id = any (@orders) and status = 'paid'", new { orders }));
            Assert.Empty(one.Refusals);
        }
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    /// <summary>A look at the database from outside of the services, again if the connection was lost.</summary>
    public static async Task<T?> AskAsync<T>(World world, string sql)
    {
        T? found = default;
        await World.UntilAsync(async () =>
        {
            try
            {
                found = await world.Ask<T>(sql);
                return true;
            }
            catch (NpgsqlException)
            {
                return false;
            }
        }, s_longest);
        return found;
    }

    /// <summary>Runs <c>admitone verify</c> and fails with what it finds.</summary>
    public static async Task VerifyAsync(World world, Stack stack)
    {
        var settings = world.TicketsSettings;
        var verified = await CommandRun.StartAsync(
            [("DB_HOST", settings["DB_HOST"]), ("DB_PORT", settings["DB_PORT"]), ("DB_NAME", settings["DB_NAME"]), ("DB_AUDIT_PASSWORD", stack.Passwords[DatabaseRoles.Audit])], "verify");
        Assert.True(verified.ExitCode == 0, verified.Output + verified.Errors);
    }

    /// <summary>The sum of a metric's series whose labels have a text; zero if there are none.</summary>
    public static async Task<double> MetricAsync(World world, Uri url, string name, string labels = "")
    {
        using var client = world.Client(url);
        return (await client.GetStringAsync("/metrics", TestContext.Current.CancellationToken)).Split('\n')
            .Where(line => (line.StartsWith(name + "{", StringComparison.Ordinal) || line.StartsWith(name + " ", StringComparison.Ordinal)) && line.Contains(labels, StringComparison.Ordinal))
            .Sum(line => double.Parse(line[(line.LastIndexOf('}') + 1)..].Trim().Split(' ', 2)[line.Contains('}', StringComparison.Ordinal) ? 0 : 1], CultureInfo.InvariantCulture));
    }

    /// <summary>What the buyers were answered meanwhile, for a report.</summary>
    public static string Said(params DrillSale[] sales) => sales.SelectMany(sale => sale.PutOff).GroupBy(one => one.Key).Select(same => $"{same.Key} ({same.Sum(one => one.Value)})").ToArray() is { Length: > 0 } said
        ? string.Join(", ", said.Order(StringComparer.Ordinal)) : "nothing but sales";

    public static string Seconds(TimeSpan time) => $"{time.TotalSeconds.ToString("F1", CultureInfo.InvariantCulture)} s";
}
