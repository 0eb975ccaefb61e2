using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AdmitOne.IntegrationTests.Harness;
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
             where table_schema in ('platform', 'events', 'tickets') and data_type in ('text', 'character varying', 'jsonb', 'ARRAY')
            """))
        {
            if (await superuser.ExecuteScalarAsync<int>($"select count(*)::int from {table} where {column}::text is not nfc normalized") > 0) faults.Add($"{table}.{column} has text in another form");
            if (await superuser.ExecuteScalarAsync<int>($"select count(*)::int from {table} where {column}::text ~ '[\u0001-\u0008\u000B-\u001F\u007F-\u009F]'") > 0) faults.Add($"{table}.{column} has control characters");
        }
        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

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

    private static string With(JsonNode body, string place, string extra)
    {
        var copy = body.DeepClone();
        var steps = place[1..].Split('/');
        var parent = steps[..^1].Aggregate(copy, (node, step) => node is JsonArray array ? array[int.Parse(step, System.Globalization.CultureInfo.InvariantCulture)]! : node[step]!);
        if (parent is JsonArray list) list[int.Parse(steps[^1], System.Globalization.CultureInfo.InvariantCulture)] = list[int.Parse(steps[^1], System.Globalization.CultureInfo.InvariantCulture)]!.GetValue<string>() + extra;
        else parent[steps[^1]] = parent[steps[^1]]!.GetValue<string>() + extra;
        return copy.ToJsonString();
    }
}
