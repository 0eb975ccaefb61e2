using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using AdmitOne.Cli.Local;
using AdmitOne.Platform.Identity;

namespace AdmitOne.Cli.Rehearsal;

/// <param name="PerOrder">How many a buyer must take at least, and may at most.</param>
internal sealed record CopiedType(Guid Id, string Name, int Quantity, (int Min, int Max) PerOrder);

/// <summary>What became of the copy afterwards.</summary>
/// <param name="Orders">That had to be refunded.</param>
internal sealed record CopyEnd(bool Removed, int Orders, int Refunded, int Failed);

/// <summary>
/// An event like the one that is rehearsed for: its sections, ticket types, prices and stock. It is unlisted, so that nobody finds it who is not
/// told its id, and in the end it is cancelled or removed. The original is only read.
/// </summary>
internal sealed class EventCopy
{
    private static readonly string[] s_typeTerms = ["name", "quantity", "minPerOrder", "maxPerOrder", "maxPerCustomer", "transferable", "price", "priceRules", "fees", "tax"];
    private static readonly TimeSpan s_refundPatience = TimeSpan.FromMinutes(3);

    private readonly Stage _stage;
    private readonly HttpClient _http;
    private ManagerClient _manager;

    private EventCopy(Stage stage, HttpClient http, ManagerClient manager, Guid id, string name)
    {
        (_stage, _http, _manager) = (stage, http, manager);
        (Id, Name) = (id, name);
    }

    public Guid Id { get; }

    public string Name { get; }

    public IReadOnlyList<CopiedType> Types { get; private set; } = [];

    /// <summary>How its tickets are paid for: <c>test</c>, or <c>free</c> where that is not allowed, and then they cost nothing.</summary>
    public string Payment { get; private set; } = "test";

    /// <summary>Copies an event and puts the copy on sale at once.</summary>
    /// <param name="stock">How many tickets there are in all; null: as many as the original's.</param>
    /// <exception cref="CannotRunException">A service refused a step; what had been made is removed again.</exception>
    public static async Task<EventCopy> MakeAsync(Stage stage, HttpClient http, Guid original, int? stock, CancellationToken cancellationToken)
    {
        var manager = new ManagerClient(http, stage.Token(Roles.VenueManager));
        var payment = await PaymentAsync(stage, http, cancellationToken);
        var theEvent = await manager.SendAsync(HttpMethod.Get, $"{stage.EventsUrl}/api/v1/events/{original}", cancellationToken: cancellationToken);
        var name = theEvent.GetProperty("name").GetString()!;
        var now = TimeProvider.System.GetUtcNow();
        var startsAt = theEvent.GetProperty("startsAt").GetDateTimeOffset() is var begins && begins > now.AddHours(1) ? begins : now.AddDays(1);
        var made = await manager.SendAsync(HttpMethod.Post, $"{stage.EventsUrl}/api/v1/events/{original}/copy",
            new { startsAt = Rfc3339(startsAt), name = $"Rehearsal of {(name.Length > 150 ? name[..150] : name)}" }, cancellationToken: cancellationToken);
        var copy = new EventCopy(stage, http, manager, made.GetProperty("id").GetGuid(), made.GetProperty("name").GetString()!) { Payment = payment };
        try
        {
            // A draft is seen by nobody; it leaves that state only as unlisted.
            await manager.SendAsync(HttpMethod.Patch, copy.Url, new { visibility = "unlisted", salesStartAt = Rfc3339(now.AddMinutes(-1)), salesEndAt = Rfc3339(startsAt) },
                made.GetProperty("version").GetInt32(), cancellationToken);
            await copy.CopyTypesAsync(original, stock, cancellationToken);
            await copy.MoveAsync("published", cancellationToken);
            await copy.MoveAsync("on_sale", cancellationToken);
            return copy;
        }
        catch
        {
            await copy.EndAsync(CancellationToken.None);
            throw;
        }
    }

    /// <summary>Ends a copy whose rehearsal was cut off.</summary>
    /// <returns>False if it is there no more.</returns>
    /// <exception cref="CannotRunException">A service refused a step.</exception>
    public static async Task<bool> EndUnfinishedAsync(Stage stage, HttpClient http, Guid id, CancellationToken cancellationToken)
    {
        var manager = new ManagerClient(http, stage.Token(Roles.VenueManager));
        var copy = new EventCopy(stage, http, manager, id, "");
        var (found, refusal) = await manager.TrySendAsync(HttpMethod.Get, copy.Url, null, null, cancellationToken);
        if (refusal is { Code: "not_found" }) return false;
        if (found?.GetProperty("status").GetString() is not ("cancelled" or "completed")) await copy.EndAsync(cancellationToken);
        return true;
    }

    /// <summary>Cancels it, waits for the refunds of what was sold, and removes it if nothing was.</summary>
    public async Task<CopyEnd> EndAsync(CancellationToken cancellationToken)
    {
        // Another manager than the one who made it: a person may make ten changes a minute, and this must not wait for the next.
        _manager = new ManagerClient(_http, _stage.Token(Roles.VenueManager));
        if (await TryRemoveAsync(cancellationToken)) return new CopyEnd(Removed: true, 0, 0, 0);
        await MoveAsync("cancelled", cancellationToken);
        if (await TryRemoveAsync(cancellationToken)) return new CopyEnd(Removed: true, 0, 0, 0);
        var since = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var progress = await _manager.SendAsync(HttpMethod.Get, Url + "/cancellation", cancellationToken: cancellationToken);
            int Number(string property) => progress.GetProperty(property).GetInt32();
            if (Number("remaining") == 0 || TimeProvider.System.GetElapsedTime(since) > s_refundPatience) return new CopyEnd(Removed: false, Number("orders"), Number("refunded"), Number("failed"));
            await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
        }
    }

    private string Url => $"{_stage.EventsUrl}/api/v1/events/{Id}";

    private async Task CopyTypesAsync(Guid original, int? stock, CancellationToken cancellationToken)
    {
        var types = await ItemsAsync($"{_stage.TicketsUrl}/api/v1/events/{original}/ticket-types?limit=100", cancellationToken);
        if (types.Count == 0) throw new CannotRunException("the event has no ticket type: there is nothing to sell");
        var were = (await ItemsAsync($"{_stage.EventsUrl}/api/v1/events/{original}/sections?limit=100", cancellationToken)).ToDictionary(s => s.GetProperty("id").GetGuid(), s => s.GetProperty("code").GetString()!);
        var sections = (await ItemsAsync(Url + "/sections?limit=100", cancellationToken)).ToDictionary(s => s.GetProperty("code").GetString()!);

        var there = types.Sum(type => type.GetProperty("quantity").GetInt64());
        if (there == 0 && stock is null) throw new CannotRunException("the event's ticket types have no stock: say how many there are with --stock");
        int Quantity(JsonElement type) => stock is not { } wanted ? type.GetProperty("quantity").GetInt32()
            : there == 0 ? wanted / types.Count : (int)Math.Ceiling((double)wanted * type.GetProperty("quantity").GetInt64() / there);

        foreach (var inSection in types.GroupBy(type => were[type.GetProperty("sectionId").GetGuid()]))
        {
            var section = sections[inSection.Key];
            if (inSection.Sum(Quantity) is var needed && stock is not null && needed > section.GetProperty("capacity").GetInt32())
                await _manager.SendAsync(HttpMethod.Patch, $"{_stage.EventsUrl}/api/v1/sections/{section.GetProperty("id").GetGuid()}", new { capacity = needed }, section.GetProperty("version").GetInt32(), cancellationToken);
        }

        var copied = new List<CopiedType>();
        foreach (var type in types)
        {
            var body = new JsonObject { ["sectionId"] = sections[were[type.GetProperty("sectionId").GetGuid()]].GetProperty("id").GetGuid() };
            foreach (var term in s_typeTerms)
                if (type.TryGetProperty(term, out var value) && value.ValueKind != JsonValueKind.Null) body[term] = JsonNode.Parse(value.GetRawText());
            body["quantity"] = Quantity(type);
            if (Payment == "free")
            {
                body["price"]!["amount"] = 0;
                foreach (var charge in new[] { "priceRules", "fees", "tax" }) body.Remove(charge);
            }
            var made = await _manager.SendAsync(HttpMethod.Post, $"{_stage.TicketsUrl}/api/v1/events/{Id}/ticket-types", body, cancellationToken: cancellationToken);
            copied.Add(new CopiedType(made.GetProperty("id").GetGuid(), made.GetProperty("name").GetString()!, made.GetProperty("quantity").GetInt32(),
                (made.GetProperty("minPerOrder").GetInt32(), made.GetProperty("maxPerOrder").GetInt32())));
        }
        Types = copied;
    }

    /// <summary>Asks to pay for a hold that does not exist: the method is looked at before the hold is looked for.</summary>
    private static async Task<string> PaymentAsync(Stage stage, HttpClient http, CancellationToken cancellationToken)
    {
        foreach (var (method, token) in new[] { ("test", "tok_ok"), ("free", null) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, stage.TicketsUrl + "/api/v1/purchases")
            {
                Content = System.Net.Http.Json.JsonContent.Create(new { reservationId = Guid.CreateVersion7(), payment = new { method, token } }),
            };
            request.Headers.Authorization = new System.Net.Http.Headers.AuthenticationHeaderValue("Bearer", stage.Token(Roles.Customer));
            request.Headers.Add("Idempotency-Key", Guid.CreateVersion7().ToString());
            HttpResponseMessage answer;
            try
            {
                answer = await http.SendAsync(request, cancellationToken);
            }
            catch (HttpRequestException away)
            {
                throw new CannotRunException($"cannot reach {stage.TicketsUrl}: {away.Message}", away);
            }
            using (answer)
            {
                var code = new Refused((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(cancellationToken)).Code;
                if (code == "not_found") return method;
                if (code is not ("payment_method_unavailable" or "validation_failed"))
                    throw new CannotRunException($"{stage.TicketsUrl} does not accept the tokens made here ({(int)answer.StatusCode} {code}): is JWT_SECRET the services', and --tenant right?");
            }
        }
        throw new CannotRunException("the services allow neither the test method of payment nor free tickets (PAYMENT_METHODS), and nobody's money is taken for a rehearsal");
    }

    private async Task<IReadOnlyList<JsonElement>> ItemsAsync(string url, CancellationToken cancellationToken) =>
        [.. (await _manager.SendAsync(HttpMethod.Get, url, cancellationToken: cancellationToken)).GetProperty("items").EnumerateArray()];

    // The clock may have moved it already: what counts is where it is.
    private async Task MoveAsync(string state, CancellationToken cancellationToken)
    {
        var (_, refusal) = await _manager.TrySendAsync(HttpMethod.Post, Url + "/transitions", new { to = state, reason = "rehearsal" }, null, cancellationToken);
        if (refusal is null) return;
        var found = (await _manager.SendAsync(HttpMethod.Get, Url, cancellationToken: cancellationToken)).GetProperty("status").GetString();
        if (found != state && (state, found) != ("published", "on_sale")) throw new CannotRunException($"the copy {Id} is {found} and cannot be made {state}: {refusal.Text}");
    }

    private async Task<bool> TryRemoveAsync(CancellationToken cancellationToken)
    {
        var version = (await _manager.SendAsync(HttpMethod.Get, Url, cancellationToken: cancellationToken)).GetProperty("version").GetInt32();
        return (await _manager.TrySendAsync(HttpMethod.Delete, Url, null, version, cancellationToken)).Refusal is null;
    }

    private static string Rfc3339(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
}
