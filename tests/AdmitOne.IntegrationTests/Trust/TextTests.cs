using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.IntegrationTests.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Text;
using Dapper;

namespace AdmitOne.IntegrationTests.Trust;

/// <summary>Whatever text a route takes, one form of it is stored, and no control character.</summary>
public sealed class TextTests(World world) : IClassFixture<World>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Each text of each valid call of the walk is tried with a bell in it and with a letter and its mark apart; then every column of the database is looked through.</summary>
    [Fact]
    public async Task Every_text_of_every_route_is_stored_in_one_form_and_without_control_characters()
    {
        var (faults, taken) = (new List<string>(), 0);
        var url = new Dictionary<string, Uri> { ["Events"] = world.EventsUrl, ["Tickets"] = world.TicketsUrl };
        foreach (var sample in (await new WalkSamples(world).AllAsync()).Where(s => s.Body is not null))
        {
            var body = JsonSerializer.SerializeToNode(sample.Body)!;
            foreach (var place in Places(body, ""))
            {
                foreach (var (extra, isRefused) in new[] { ("\u0007", true), ("e\u0301", false) })
                {
                    using var request = sample.Request(sample.Role is null ? null : world.Token(sample.Role, sample.User, sample.Tenant));
                    request.Content = new StringContent(With(body, place, extra), Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
                    using var client = world.Client(url[sample.Route.Split(' ')[0]]);
                    using var answer = await client.SendAsync(request, Stop);
                    if ((int)answer.StatusCode >= 500) faults.Add($"{sample.Route} {place}: {(int)answer.StatusCode}");
                    // What is no code of ours is answered and counted; it is not stored.
                    if (isRefused && answer.IsSuccessStatusCode && !sample.Route.Contains("scans", StringComparison.Ordinal)) faults.Add($"{sample.Route} took a bell in {place}");
                    if (!isRefused && answer.IsSuccessStatusCode) taken++;
                }
            }
        }
        Assert.True(taken >= 8, $"Only {taken} texts were taken at all.");
        await using var superuser = await world.ConnectAsync();
        foreach (var (table, column) in await superuser.QueryAsync<(string, string)>("""
            select format('%I.%I', table_schema, table_name), format('%I', column_name) from information_schema.columns
             where table_schema in ('platform', 'events', 'tickets', 'identity') and data_type in ('text', 'character varying', 'jsonb', 'ARRAY')
            """))
        {
            if (await superuser.ExecuteScalarAsync<int>($"select count(*)::int from {table} where {column}::text is not nfc normalized") > 0) faults.Add($"{table}.{column} has text in another form");
            if (await superuser.ExecuteScalarAsync<int>($"select count(*)::int from {table} where {column}::text ~ '[\u0001-\u0008\u000B-\u001F\u007F-\u009F]'") > 0) faults.Add($"{table}.{column} has control characters");
        }
        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    // What a machine reads is looked up and never shown; it gets an answer and no refusal (MachineRead).
    private static readonly string[] s_machineRead = ["Tickets POST /api/v1/scans /code", "Tickets POST /api/v1/scans/batch /scans/0/code"];

    // One of each kind; the rest of UnusableTexts takes minutes more.
    [Theory]
    [InlineData("half a surrogate pair", @"\ud800")]
    [InlineData("a control character", @"a\u0007b")]
    [InlineData("a bidirectional override", @"abc\u202etxt.exe")]
    [InlineData("nothing visible", @"\u200b\u200b")]
    public Task Every_text_of_every_route_refuses_what_cannot_be_taken(string what, string escaped) => RefuseEverywhereAsync(what, escaped);

    public static TheoryData<string, string> UnusableTexts => new()
    {
        { "the other half", @"a\udc00b" }, { "a noncharacter", @"a\uffffb" }, { "a noncharacter of another plane", @"a\ud83f\udffe" },
        { "NUL", @"a\u0000b" }, { "C1", @"a\u0085b" },
        { "an isolate", @"a\u2066b" }, { "a byte order mark", @"\ufeffa" }, { "a Hangul filler", @"\u3164" },
        { "a blank of Braille", @"\u2800" }, { "a hidden tag", @"a\udb40\udc61b" },
    };

    [Theory, Trait("Category", "Long"), MemberData(nameof(UnusableTexts))]
    public Task Every_text_of_every_route_refuses_it_with_a_pointer(string what, string escaped) => RefuseEverywhereAsync(what, escaped);

    private async Task RefuseEverywhereAsync(string what, string escaped)
    {
        var (faults, tried) = (new List<string>(), 0);
        var walk = new Walk(world);
        var routes = (await walk.RoutesAsync()).ToDictionary(route => route.Name);
        foreach (var sample in (await new WalkSamples(world).AllAsync()).Where(s => s.Body is not null && routes.ContainsKey(s.Route)))
        {
            var body = JsonSerializer.SerializeToNode(sample.Body)!;
            foreach (var place in Places(body, "").Where(place => !s_machineRead.Contains($"{sample.Route} {place}")))
            {
                var (status, problem) = (0, default(JsonElement?));
                await World.UntilAsync("it is answered", async () =>
                {
                    using var request = sample.Request(sample.Role is null ? null : world.Token(sample.Role, sample.User, sample.Tenant));
                    var text = Put(body, place, "@@").Replace("@@", escaped, StringComparison.Ordinal);
                    request.Content = new StringContent(text, Encoding.UTF8, "application/json");
                    (status, problem) = await walk.AskAsync(routes[sample.Route], request, sample.SignedBy);
                    return status != 503;
                });
                tried++;
                var pointers = problem is { } said && said.TryGetProperty("errors", out var errors) ? string.Join(' ', errors.EnumerateArray().Select(e => e.Text("pointer"))) : "";
                if (status is not (400 or 422) || !pointers.Split(' ').Contains(place)) faults.Add($"{sample.Route} {place} ({what}): {status} {problem} points at \"{pointers}\"");
            }
        }
        Assert.True(tried > 50, $"Only {tried} texts were tried at all.");
        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    [Fact]
    public async Task Every_parameter_of_every_query_refuses_texts_that_cannot_be_taken()
    {
        var (faults, tried) = (new List<string>(), 0);
        var walk = new Walk(world);
        foreach (var route in (await walk.RoutesAsync()).Where(route => !route.IsWebhook))
        {
            foreach (var name in await ParametersAsync(route))
            {
                foreach (var text in new[] { "a\uFFFFb", "a\u202Eb", "\u200B\u200B", "a\u0007b" })
                {
                    using var request = Ask(route, $"{name}={Uri.EscapeDataString(text)}");
                    var (status, problem) = await walk.AskAsync(route, request, route.Signed?.Services[0]);
                    tried++;
                    if (status is not (400 or 422) || problem?.Items("errors")[0].Text("pointer") != $"/{name}") faults.Add($"{route.Name} {name}: {status} {problem}");
                }
            }
        }
        Assert.True(tried > 100, $"Only {tried} parameters were tried at all.");
        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    [Fact]
    public async Task Every_route_refuses_a_parameter_that_it_does_not_take()
    {
        var (faults, tried) = (new List<string>(), 0);
        var walk = new Walk(world);
        foreach (var route in (await walk.RoutesAsync()).Where(route => !route.IsWebhook && route.Pattern.Split('/')[1] is "api" or "internal"))
        {
            using var request = Ask(route, "limmit=1");
            var (status, problem) = await walk.AskAsync(route, request, route.Signed?.Services[0]);
            tried++;
            if (status != 400 || problem?.Text("code") != "unknown_parameter" || !problem.Value.Text("detail").Contains("\"limmit\" is not known", StringComparison.Ordinal)) faults.Add($"{route.Name}: {status} {problem}");
        }
        Assert.True(tried > 80, $"Only {tried} routes were tried at all.");
        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    [Fact]
    public async Task Every_parameter_that_the_document_names_is_known()
    {
        var faults = new List<string>();
        var walk = new Walk(world);
        foreach (var route in (await walk.RoutesAsync()).Where(route => !route.IsWebhook))
        {
            foreach (var name in await ParametersAsync(route))
            {
                using var request = Ask(route, $"{name}=1");
                var (_, problem) = await walk.AskAsync(route, request, route.Signed?.Services[0]);
                if (problem?.Text("code") == "unknown_parameter") faults.Add($"{route.Name} {name}");
            }
        }
        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    private readonly Dictionary<string, ApiDocument> _documents = [];

    private async Task<IReadOnlyList<string>> ParametersAsync(WalkedRoute route)
    {
        if (!_documents.TryGetValue(route.Service, out var document))
            _documents[route.Service] = document = await ApiDocument.ReadAsync(world.Client(route.Service == "Events" ? world.EventsUrl : world.TicketsUrl));
        var operation = document.Operations.FirstOrDefault(o => o.Method == route.Method && o.Path.TrimEnd('/') == route.Pattern.TrimEnd('/'));
        return operation?.Json.TryGetProperty("parameters", out var parameters) == true
            ? [.. parameters.EnumerateArray().Where(p => p.Text("in") == "query").Select(p => p.Text("name"))]
            : [];
    }

    private HttpRequestMessage Ask(WalkedRoute route, string query)
    {
        var request = Walk.Example(route);
        request.RequestUri = new Uri($"{request.RequestUri}?{query}", UriKind.Relative);
        // The platform's own administrator is an administrator like others where the organiser does not matter.
        if (route.Roles.Count > 0)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", world.Token(route.Roles[0], tenant: route.Roles[0] == Roles.Admin ? s_platform : null));
        return request;
    }

    private static readonly Guid s_platform = Guid.Parse("00000000-0000-7000-8000-000000000001");

    [Fact]
    public async Task The_form_is_the_one_that_PostgreSQL_gives_to_every_character_and_to_texts_of_many_marks()
    {
        var random = new Random(20261122);
        var marks = Enumerable.Range(0x300, 0x70).Concat([0x315, 0x323, 0x327, 0x345, 0x5AE, 0x93C, 0x9BE, 0x1161, 0x11A8, 0x3099, 0x1D165]).ToArray();
        var letters = Enumerable.Range('A', 58).Concat([0xC5, 0x1E9B, 0x212B, 0x915, 0x9C7, 0x1100, 0xAC00, 0x304B, 0x1D157]).ToArray();
        int Any(int[] of) => of[random.Next(of.Length)];
        var texts = Enumerable.Range(1, 0x2FFFF).Where(point => point is < 0xD800 or > 0xDFFF).Select(char.ConvertFromUtf32)
            .Concat(Enumerable.Range(0, 20_000).Select(_ => string.Concat(Enumerable.Range(0, random.Next(1, 9)).Select(_ => char.ConvertFromUtf32(random.Next(3) == 0 ? Any(letters) : Any(marks))))))
            .ToArray();
        await using var superuser = await world.ConnectAsync();
        var expected = (await superuser.QueryAsync<string>("select normalize(t, NFC) from unnest(@texts) with ordinality as given (t, place) order by place", new { texts })).AsList();
        var wrong = texts.Zip(expected).Where(pair => Nfc.Of(pair.First) != pair.Second).Select(pair => Escaped(pair.First)).Take(20).ToList();
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    private static string Escaped(string text) => string.Join(' ', text.EnumerateRunes().Select(rune => $"U+{rune.Value:X4}"));

    private static IEnumerable<string> Places(JsonNode? node, string path) => node switch
    {
        JsonObject o => o.SelectMany(member => Places(member.Value, $"{path}/{member.Key}")),
        JsonArray a => a.SelectMany((item, n) => Places(item, $"{path}/{n}")),
        JsonValue v when v.GetValueKind() == JsonValueKind.String => [path],
        _ => [],
    };

    private static string With(JsonNode body, string place, string extra) => Put(body, place, Text(body, place) + extra);

    private static string Text(JsonNode body, string place) => Steps(place).Aggregate(body, Below).GetValue<string>();

    private static string Put(JsonNode body, string place, string text)
    {
        var copy = body.DeepClone();
        var steps = Steps(place);
        var parent = steps[..^1].Aggregate(copy, Below);
        if (parent is JsonArray list) list[Index(steps[^1])] = text;
        else parent[steps[^1]] = text;
        return copy.ToJsonString();
    }

    private static string[] Steps(string place) => place[1..].Split('/');

    private static JsonNode Below(JsonNode node, string step) => node is JsonArray array ? array[Index(step)]! : node[step]!;

    private static int Index(string step) => int.Parse(step, System.Globalization.CultureInfo.InvariantCulture);
}
