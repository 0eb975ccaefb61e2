using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using AdmitOne.IntegrationTests.Harness;

namespace AdmitOne.IntegrationTests.Drills;

/// <summary>Buyers who never stop, over HTTP, and what they were answered. Who is not answered, or told to come again, asks the same again.</summary>
/// <param name="replica">The Ticket Service that they ask; null is the world's own.</param>
internal sealed class DrillSale(World world, Sale sale, Uri? replica = null) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();   // without a timer it holds nothing that must be disposed of
    private readonly List<Task> _buyers = [];
    private int _repeated;

    /// <summary>Orders that were answered as paid, when they were asked for, and when they were answered.</summary>
    public ConcurrentBag<Answered> Bought { get; } = [];

    public ConcurrentDictionary<string, int> Refusals { get; } = new();

    /// <summary>What was answered instead of a sale, to be asked again: status, code, and how often.</summary>
    public ConcurrentDictionary<string, int> PutOff { get; } = new();

    public int Repeated => Volatile.Read(ref _repeated);

    public static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    public void Start(int buyers)
    {
        foreach (var buyer in Enumerable.Range(0, buyers)) _buyers.Add(Task.Run(() => BuyAsync(new Random(buyer))));
    }

    /// <summary>Waits until a purchase that was asked for after a moment has been answered as paid.</summary>
    /// <returns>When that was.</returns>
    public async Task<DateTimeOffset> FirstSinceAsync(DateTimeOffset moment, TimeSpan patience)
    {
        await World.UntilAsync(() => Task.FromResult(Bought.Any(bought => bought.AskedAt >= moment)), patience);
        return Bought.Where(bought => bought.AskedAt >= moment).Min(bought => bought.AnsweredAt);
    }

    /// <summary>Sends the buyers home, and waits until each has had an answer. Safe to repeat.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_buyers);
    }

    private async Task BuyAsync(Random random)
    {
        while (!_stop.IsCancellationRequested)
        {
            var (buyer, key) = (Guid.CreateVersion7(), Guid.CreateVersion7().ToString());
            for (var answered = false; !answered && !_stop.IsCancellationRequested; answered = await AskAsync(buyer, key))
                if (answered) await Task.Delay(random.Next(20, 100), CancellationToken.None);
            await Task.Delay(random.Next(10, 50), CancellationToken.None);
        }
    }

    private async Task<bool> AskAsync(Guid buyer, string key)
    {
        var asked = Now;
        try
        {
            using var answer = await world.BuyAsync(sale, 1, buyer, key: key, replica: replica);
            if (answer.StatusCode == HttpStatusCode.Created)
            {
                Bought.Add(new Answered((await answer.ReadAsync(HttpStatusCode.Created)).Id("orderId"), asked, Now));
                return true;
            }
            var body = await answer.Content.ReadAsStringAsync(CancellationToken.None);
            if (answer.StatusCode < HttpStatusCode.InternalServerError && answer.StatusCode != HttpStatusCode.Accepted && !body.Contains("request_in_progress", StringComparison.Ordinal))
            {
                Refusals.AddOrUpdate($"{(int)answer.StatusCode} {body}", 1, (_, n) => n + 1);
                return true;
            }
            PutOff.AddOrUpdate($"{(int)answer.StatusCode} {CodeOf(body)}{(answer.Headers.RetryAfter is null ? " without Retry-After" : "")}", 1, (_, n) => n + 1);
        }
        catch (Exception gone) when (gone is HttpRequestException or IOException or TaskCanceledException)
        {
            // Somebody pulled a plug.
        }
        Interlocked.Increment(ref _repeated);
        await Task.Delay(50, CancellationToken.None);
        return false;
    }

    private static string CodeOf(string body)
    {
        try
        {
            return JsonDocument.Parse(body).RootElement.TryGetProperty("code", out var code) ? code.GetString()! : "";
        }
        catch (JsonException)
        {
            return "not a problem";
        }
    }
}

internal sealed record Answered(Guid OrderId, DateTimeOffset AskedAt, DateTimeOffset AnsweredAt);
