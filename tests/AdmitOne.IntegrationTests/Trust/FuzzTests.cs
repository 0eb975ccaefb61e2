using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.IntegrationTests.Http;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Trust;

/// <summary>
/// Every operation and every field of both API documents, sent what nobody should send. No answer is a fault of ours, takes more than a second,
/// or tells what is inside. The walk shows that the same routes take what is valid.
/// </summary>
public sealed partial class FuzzTests(World world) : IClassFixture<World>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public Task Two_thousand_requests_that_nobody_should_send_find_no_fault() => RunAsync(2_000);

    [Fact, Trait("Category", "Long")]
    public Task Fifty_thousand_requests_that_nobody_should_send_find_no_fault() => RunAsync(50_000);

    private async Task RunAsync(int count)
    {
        var seed = Environment.GetEnvironmentVariable("FUZZ_SEED") is { } given ? int.Parse(given, CultureInfo.InvariantCulture) : Random.Shared.Next();
        TestContext.Current.SendDiagnosticMessage("FUZZ_SEED={0}", seed);
        var random = new Random(seed);
        var sale = await world.PutOnSaleAsync(1000);
        var operations = new List<(Uri Url, ApiDocument.Operation Operation, JsonElement Root)>();
        foreach (var url in new[] { world.EventsUrl, world.TicketsUrl })
        {
            var document = await ApiDocument.ReadAsync(world.Client(url));
            operations.AddRange(document.Operations.Where(o => o.Path.StartsWith("/api/", StringComparison.Ordinal)).Select(o => (url, o, document.Root)));
        }
        var tokens = Roles.All.ToDictionary(role => role, role => world.Token(role));
        tokens["platform"] = world.Token(Roles.Admin, tenant: Guid.Parse("00000000-0000-7000-8000-000000000001"));

        var (faults, statuses, slowest) = (new List<string>(), new Dictionary<int, int>(), TimeSpan.Zero);
        // Each operation has its turn, and each time something else of it is spoilt.
        var requests = Enumerable.Range(0, count).Select(i => Spoil(operations[i % operations.Count], random, sale, tokens)).ToList();
        var gate = new SemaphoreSlim(6);
        await Task.WhenAll(requests.Select(async wish =>
        {
            await gate.WaitAsync(Stop);
            try
            {
                var (status, took, text) = await SendAsync(wish);
                lock (faults)
                {
                    statuses[status] = statuses.GetValueOrDefault(status) + 1;
                    if (took > slowest) slowest = took;
                    if (status >= 500 && status != 503) faults.Add($"{status}: {wish} → {text[..Math.Min(300, text.Length)]}");
                    else if (Leak().Match(text) is { Success: true } leak && status >= 400) faults.Add($"{status} tells \"{leak.Value}\": {wish}");
                }
            }
            finally
            {
                gate.Release();
            }
        }));
        TestContext.Current.SendDiagnosticMessage("{0} requests to {1} operations: {2}; slowest {3:0} ms", count, operations.Count,
            string.Join(", ", statuses.OrderBy(s => s.Key).Select(s => $"{s.Key} × {s.Value}")), slowest.TotalMilliseconds);
        Assert.True(faults.Count == 0, $"FUZZ_SEED={seed}\n{string.Join('\n', faults.Take(20))}");
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    private async Task<(int Status, TimeSpan Took, string Text)> SendAsync(Wish wish)
    {
        for (var attempt = 1; ; attempt++)
        {
            using var request = new HttpRequestMessage(new HttpMethod(wish.Method), new Uri(wish.Url, wish.Path));
            if (wish.Token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", wish.Token);
            if (wish.Body is not null) request.Content = new StringContent(wish.Body, Encoding.UTF8, wish.MediaType);
            foreach (var (name, value) in wish.Headers) request.Headers.TryAddWithoutValidation(name, string.Concat(value.Where(c => c is >= ' ' and <= '~')));
            using var client = world.Client(wish.Url);
            var since = Stopwatch.GetTimestamp();
            using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Stop);
            var took = Stopwatch.GetElapsedTime(since);
            var text = answer.Content.Headers.ContentType?.MediaType == "text/event-stream" ? "" : await answer.Content.ReadAsStringAsync(Stop);
            // A machine that does other work makes anything slow once; what is slow of itself is slow each time. (tok_slow takes its 2 s on purpose.)
            if (took < TimeSpan.FromSeconds(1) || wish.Body?.Contains("tok_slow", StringComparison.Ordinal) == true) return ((int)answer.StatusCode, took, text);
            if (attempt == 4) return (599, took, $"It took {took.TotalMilliseconds:0} ms, four times.");
        }
    }

    private static Wish Spoil((Uri Url, ApiDocument.Operation Operation, JsonElement Root) target, Random random, Sale sale, Dictionary<string, string> tokens)
    {
        var (url, operation, root) = target;
        var spoilPath = random.Next(5) == 0;
        var path = PathParameter().Replace(operation.Path, match => spoilPath ? Uri.EscapeDataString(Texts(random)) : match.Groups["name"].Value switch
        {
            "eventId" or "idOrSlug" => sale.EventId.ToString(),
            "id" when operation.Path.Contains("ticket-types", StringComparison.Ordinal) => sale.TicketTypeId.ToString(),
            "id" when operation.Path.Contains("/events/", StringComparison.Ordinal) => sale.EventId.ToString(),
            "id" when operation.Path.Contains("sections", StringComparison.Ordinal) => sale.SectionId.ToString(),
            _ => Guid.CreateVersion7().ToString(),
        });
        var query = new List<string>();
        if (operation.Json.TryGetProperty("parameters", out var parameters))
            foreach (var parameter in parameters.EnumerateArray().Where(p => p.Text("in") == "query"))
                if (random.Next(2) == 0) query.Add($"{parameter.Text("name")}={Uri.EscapeDataString(Texts(random))}");

        var role = random.Next(8) == 0 ? null : tokens.Keys.ElementAt(random.Next(tokens.Count));
        // The right role gets further than chance would bring it; the events of the sale stay as they are.
        if (random.Next(2) == 0) role = operation.Path.Contains("/admin/tenants", StringComparison.Ordinal) ? "platform" : operation.Path.Contains("admin", StringComparison.Ordinal) ? Roles.Admin : Roles.VenueManager;
        var headers = new List<(string, string)> { ("Idempotency-Key", random.Next(10) == 0 ? Texts(random).ReplaceLineEndings("") : Guid.CreateVersion7().ToString()) };
        if (random.Next(3) > 0) headers.Add(("If-Match", random.Next(3) == 0 ? Texts(random).ReplaceLineEndings("") : "*"));
        if (random.Next(6) == 0) headers.Add(("Accept", Texts(random).ReplaceLineEndings("")));

        var (body, mediaType) = Body(operation, random, sale);
        return new Wish(url, operation.Method, path + (query.Count > 0 ? "?" + string.Join('&', query) : ""), role is null ? null : tokens[role], body, mediaType, headers);
    }

    private static (string? Text, string MediaType) Body(ApiDocument.Operation operation, Random random, Sale sale)
    {
        var described = ApiDocument.Bodies(operation).FirstOrDefault(body => body.IsRequest);
        if (described is null) return (random.Next(10) == 0 && operation.Method != "GET" ? Texts(random) : null, "application/json");
        var mediaType = random.Next(20) == 0 ? "text/plain" : described.MediaType;
        switch (random.Next(12))
        {
            case 0: return (Texts(random), mediaType);
            case 1: return (new string('[', 200) + new string(']', 200), mediaType);
            case 2: return ("{\"a\":".PadRight(5) + string.Concat(Enumerable.Repeat("{\"a\":", 40)) + "1" + new string('}', 41), mediaType);
            case 3: return (new string(' ', random.Next(60_000, 80_000)) + "{}", mediaType);
        }
        var example = described.Examples.FirstOrDefault();
        if (example.ValueKind != JsonValueKind.Object) return ("{}", mediaType);
        var json = JsonNode.Parse(example.GetRawText())!.AsObject();
        // On things that are there, so that a spoilt field is what is wrong with it.
        if (json.ContainsKey("eventId")) json["eventId"] = sale.EventId.ToString();
        if (json["items"] is JsonArray items) foreach (var item in items.OfType<JsonObject>()) if (item.ContainsKey("ticketTypeId")) item["ticketTypeId"] = sale.TicketTypeId.ToString();
        if (operation.Path.EndsWith("/transitions", StringComparison.Ordinal)) json["to"] = "published";
        var places = Places(json, "").ToList();
        var duplicate = "";
        for (var n = random.Next(1, 3); n > 0 && places.Count > 0; n--)
        {
            var (parent, key) = places[random.Next(places.Count)];
            switch (random.Next(4))
            {
                case 0 when parent is JsonObject o: o.Remove(key); break;
                case 1 when parent is JsonObject o: o[key + "x"] = 1; break;
                case 2: duplicate = key; break;
                default:
                    var worst = Worst(random);
                    if (parent is JsonObject obj) obj[key] = worst;
                    else if (parent is JsonArray array && array.Count > 0) array[0] = worst;
                    break;
            }
        }
        var text = json.ToJsonString().Replace(Lone, @"\ud800", StringComparison.Ordinal);
        if (duplicate.Length > 0 && text.Length > 2) text = $"{{\"{duplicate}\":null,{text[1..]}";
        return (text, mediaType);
    }

    private static IEnumerable<(JsonNode Parent, string Key)> Places(JsonNode node, string path)
    {
        if (node is JsonObject o)
        {
            foreach (var (key, value) in o.ToList())
            {
                yield return (o, key);
                if (value is not null) foreach (var inner in Places(value, path + "/" + key)) yield return inner;
            }
        }
        else if (node is JsonArray { Count: > 0 } array)
        {
            yield return (array, "0");
            if (array[0] is { } first) foreach (var inner in Places(first, path + "/0")) yield return inner;
        }
    }

    private static JsonNode? Worst(Random random) => random.Next(14) switch
    {
        0 => null,
        1 => JsonValue.Create(-1),
        2 => JsonValue.Create(0),
        3 => JsonValue.Create(int.MaxValue),
        4 => JsonValue.Create(long.MaxValue),
        5 => JsonNode.Parse("1e308"),
        6 => JsonNode.Parse("-99999999999999999999999"),
        7 => JsonNode.Parse("0.1"),
        8 => JsonValue.Create(true),
        9 => new JsonArray(),
        10 => new JsonObject { ["deep"] = new JsonObject { ["er"] = new JsonArray(1, 2) } },
        11 => new JsonArray(Enumerable.Range(0, 2000).Select(n => (JsonNode)n).ToArray()),
        _ => JsonValue.Create(Texts(random)),
    };

    private static string Texts(Random random) => random.Next(30) switch
    {
        0 => "",
        1 => "\0",
        2 => "a\u0000b",
        3 => "\r\nX-Injected: yes",
        4 => "' or 1=1; drop table tickets.tickets; --",
        5 => "<script>alert(1)</script>",
        6 => "../../../../etc/passwd",
        7 => "\u202Egnp.exe",
        8 => "\uD83D\uDE00\u0301\u0301\u0301",
        9 => "e\u0301 and \u00E9",
        10 => new string('a', random.Next(100, 9000)),
        11 => new string('(', 3000) + "a+",
        12 => "${jndi:ldap://127.0.0.1/a}",
        13 => "=cmd|'/c calc'!A1",
        14 => "NaN",
        15 => "-1",
        16 => "99999999999999999999",
        17 => "2026-13-45T99:99:99Z",
        18 => "0001-01-01T00:00:00Z",
        19 => "9999-12-31T23:59:59.9999999+14:00",
        20 => Convert.ToBase64String(Encoding.UTF8.GetBytes("{\"at\":\"infinity\",\"id\":null}")),
        21 => "a\uFFFFb",
        22 => "\uFEFFa",
        23 => "\u200B\u200B",
        24 => "\u3164",
        25 => "jo\u200B@example.test",
        26 => "a\u2067b\u0085c",
        27 => string.Concat(Enumerable.Repeat("\U0001F389", 150)),
        28 => Lone,
        _ => Guid.Empty.ToString(),
    };

    // Written into a body as the escape of half a surrogate pair, which no writer of JSON makes.
    private const string Lone = "@lone-surrogate@";

    [GeneratedRegex(@"\{(?<name>\w+)\}")]
    private static partial Regex PathParameter();

    // What only the inside of the service knows: SQL and its errors, stack traces, types, paths, addresses of stores.
    [GeneratedRegex(@"(Npgsql|PostgresException|\b\d{5}: |select .{1,80} from |insert into |   at \w+\.|System\.\w+Exception|AdmitOne\.\w+\.|/home/|/root/|/src/|\.cs:line|StackExchange|DB_PASSWORD)", RegexOptions.IgnoreCase)]
    private static partial Regex Leak();

    private sealed record Wish(Uri Url, string Method, string Path, string? Token, string? Body, string MediaType, IReadOnlyList<(string Name, string Value)> Headers)
    {
        public override string ToString() => $"{Method} {Path[..Math.Min(200, Path.Length)]} {Body?[..Math.Min(400, Body.Length)]}";
    }
}
