using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using AdmitOne.Cli.Local;
using AdmitOne.Cli.Terminals;
using Spectre.Console;

namespace AdmitOne.Cli.Smoke;

/// <summary>
/// One free ticket of an unlisted event of its own, from the making of the event to the door, over HTTP as everybody else. The event is
/// cancelled at the end, whatever happened before: nothing of it can be bought or admitted any more.
/// </summary>
internal sealed class SmokeSale(SmokeTarget target, Terminal terminal) : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    private static readonly string[] s_toOnSale = ["published", "on_sale"];

    private readonly HttpClient _client = new() { Timeout = s_patience, DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", target.Token) } };

    /// <exception cref="CannotRunException">A step was refused, or answered otherwise than it should be; the message says which.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await StepAsync("Event Service is ready", () => ReadyAsync(target.Events, cancellationToken));
        await StepAsync("Ticket Service is ready", () => ReadyAsync(target.Tickets, cancellationToken));
        var theEvent = await StepAsync("made an event", () => MakeEventAsync(cancellationToken));
        try
        {
            await SellAndScanAsync(Id(theEvent), cancellationToken);
        }
        finally
        {
            // Also after Ctrl-C.
            await StepAsync("cancelled the event", () => MoveAsync(Id(theEvent), "cancelled", CancellationToken.None));
        }
    }

    public void Dispose() => _client.Dispose();

    private async Task SellAndScanAsync(Guid theEvent, CancellationToken cancellationToken)
    {
        var type = await StepAsync("put it on sale", async () =>
        {
            var section = await AskAsync(HttpMethod.Post, target.Events, $"/api/v1/events/{theEvent}/sections", new { name = "Smoke", capacity = 2 }, cancellationToken);
            var made = await AskAsync(HttpMethod.Post, target.Tickets, $"/api/v1/events/{theEvent}/ticket-types",
                new { name = "Smoke", price = new { amount = 0, currency = "EUR" }, quantity = 2, sectionId = Id(section), maxPerOrder = 1 }, cancellationToken);
            foreach (var state in s_toOnSale) await MoveAsync(theEvent, state, cancellationToken);
            return made;
        });
        var order = await StepAsync("bought a ticket", () => AskAsync(HttpMethod.Post, target.Tickets, "/api/v1/purchases",
            new { eventId = theEvent, items = new[] { new { ticketTypeId = Id(type), quantity = 1 } }, payment = new { method = "free" } }, cancellationToken));
        var ticket = Id(order.GetProperty("tickets")[0]);
        var code = (await StepAsync("its code", () => AskAsync(HttpMethod.Get, target.Tickets, $"/api/v1/tickets/{ticket}/qr", null, cancellationToken))).GetProperty("code").GetString();
        await StepAsync("admitted once", () => ScanAsync(theEvent, code!, "admitted", reason: null, cancellationToken));
        await StepAsync("refused the second time", () => ScanAsync(theEvent, code!, "refused", "already_admitted", cancellationToken));
    }

    /// <summary>A service that says it is not ready yet, right after a deployment, gets some time.</summary>
    private async Task<JsonElement> ReadyAsync(Uri service, CancellationToken cancellationToken)
    {
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(500, cancellationToken))
        {
            var (status, body) = await SendAsync(HttpMethod.Get, service, "/health/ready", null, cancellationToken);
            if (status != HttpStatusCode.ServiceUnavailable || clock.Elapsed > s_patience) return Accepted(status, body, HttpMethod.Get, "/health/ready");
        }
    }

    private Task<JsonElement> MakeEventAsync(CancellationToken cancellationToken)
    {
        var startsAt = TimeProvider.System.GetUtcNow().AddHours(2);
        return AskAsync(HttpMethod.Post, target.Events, "/api/v1/events", new
        {
            name = "Smoke test", description = "Made by admitone smoke, which cancels it.", visibility = "unlisted", venueId = target.Venue,
            startsAt = Rfc3339(startsAt), endsAt = Rfc3339(startsAt.AddHours(1)), timeZone = "UTC",
        }, cancellationToken);
    }

    /// <summary>The clock may have put a published event on sale already: what counts is where it is.</summary>
    private async Task<JsonElement> MoveAsync(Guid theEvent, string state, CancellationToken cancellationToken)
    {
        var (status, body) = await SendAsync(HttpMethod.Post, target.Events, $"/api/v1/events/{theEvent}/transitions", new { to = state }, cancellationToken);
        if (status == HttpStatusCode.Conflict)
        {
            var found = await AskAsync(HttpMethod.Get, target.Events, $"/api/v1/events/{theEvent}", null, cancellationToken);
            if (found.GetProperty("status").GetString() is { } at && (at == state || (state, at) is ("published", "on_sale"))) return found;
        }
        return Accepted(status, body, HttpMethod.Post, $"/api/v1/events/{theEvent}/transitions");
    }

    private async Task<JsonElement> ScanAsync(Guid theEvent, string code, string result, string? reason, CancellationToken cancellationToken)
    {
        var scan = await AskAsync(HttpMethod.Post, target.Tickets, "/api/v1/scans", new { code, eventId = theEvent, gate = "smoke" }, cancellationToken);
        var (said, because) = (scan.GetProperty("result").GetString(), scan.TryGetProperty("reason", out var why) ? why.GetString() : null);
        return said == result && (reason is null || because == reason) ? scan : throw new CannotRunException($"the door said {said} {because}, not {result} {reason}");
    }

    private async Task<JsonElement> AskAsync(HttpMethod method, Uri service, string path, object? body, CancellationToken cancellationToken)
    {
        var (status, answer) = await SendAsync(method, service, path, body, cancellationToken);
        return Accepted(status, answer, method, path);
    }

    private static JsonElement Accepted(HttpStatusCode status, string body, HttpMethod method, string path) =>
        (int)status is >= 200 and < 300 ? JsonElement.Parse(body.Length == 0 ? "{}" : body) : throw new CannotRunException($"{method} {path} answered {(int)status}: {body}");

    private async Task<(HttpStatusCode Status, string Body)> SendAsync(HttpMethod method, Uri service, string path, object? body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, new Uri(service, service.AbsolutePath.TrimEnd('/') + path));
        if (body is not null) request.Content = JsonContent.Create(body);
        if (method == HttpMethod.Post) request.Headers.Add("Idempotency-Key", Guid.CreateVersion7().ToString());
        try
        {
            using var answer = await _client.SendAsync(request, cancellationToken);
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync(cancellationToken));
        }
        catch (HttpRequestException fault)
        {
            throw new CannotRunException($"{method} {request.RequestUri}: {fault.Message}", fault);
        }
        catch (TaskCanceledException slow) when (!cancellationToken.IsCancellationRequested)
        {
            throw new CannotRunException($"{method} {request.RequestUri} did not answer within {s_patience.TotalSeconds:0} s", slow);
        }
    }

    private async Task<T> StepAsync<T>(string name, Func<Task<T>> step)
    {
        var clock = Stopwatch.StartNew();
        try
        {
            var made = await terminal.RunAsync(name, _ => step());
            Write("ok", name, string.Create(CultureInfo.InvariantCulture, $"{clock.ElapsedMilliseconds,5} ms"));
            return made;
        }
        catch (CannotRunException)
        {
            Write("failed", name, "");
            throw;
        }
    }

    private void Write(string word, string name, string took) => terminal.Write(TextGrid.Of(0, 7, 26).AddRow(TextGrid.Verdict(word), new Text(name), new Text(took)));

    private static Guid Id(JsonElement made) => made.GetProperty("id").GetGuid();

    private static string Rfc3339(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
}

/// <summary>Where the two services are, and as whom they are spoken to.</summary>
/// <param name="Token">Of a venue manager, who may do all of it.</param>
/// <param name="Venue">Any of that manager's organiser.</param>
internal sealed record SmokeTarget(Uri Events, Uri Tickets, string Token, Guid Venue);
