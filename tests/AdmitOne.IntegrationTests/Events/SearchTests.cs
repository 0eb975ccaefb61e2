using System.Net;
using AdmitOne.IntegrationTests.Harness;

namespace AdmitOne.IntegrationTests.Events;

public sealed class SearchTests(World world) : IClassFixture<World>
{
    private readonly EventDesk _desk = new(world);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_name_weighs_more_than_a_tag_that_more_than_the_venue_and_that_more_than_the_text()
    {
        using var venues = world.Venues(AdmitOne.Platform.Identity.Roles.VenueManager);
        var hall = (await venues.MakeAsync("/api/v1/venues", new { name = "Marimba Hall", address = "x", timeZone = "UTC", maxCapacity = 500 })).Id();
        var text = await _desk.CreateInAsync("published", ("name", "Fourth"), ("description", string.Concat(Enumerable.Repeat("marimba ", 40))));
        var venue = await _desk.CreateInAsync("published", ("name", "Third"), ("venueId", hall));
        var tag = await _desk.CreateInAsync("published", ("name", "Second"), ("tags", new[] { "marimba" }));
        var name = await _desk.CreateInAsync("published", ("name", "Marimba First"));
        Assert.Equal([name, tag, venue, text], await FindAsync("q=marimba"));
        Assert.Equal([name, tag, venue, text], await FindAsync("q=marimba&sort=relevance"));
        Assert.Equal([name, tag, venue, text], await FindAsync("q=marimba&sort=-createdAt"));
        Assert.Equal(new[] { text, venue, tag, name }.ToHashSet(), (await FindAsync("q=marimba&sort=startsAt")).ToHashSet());
        Assert.Equal([venue], await FindAsync($"q=marimba&venueId={hall}"));
    }

    [Theory]
    [InlineData("cafe")]
    [InlineData("CAFÉ")]
    [InlineData("Cafe\u0301")]
    [InlineData("\"cafe zurich\"")]
    [InlineData("zürich -paris")]
    [InlineData("ZURICH or nowhere")]
    public async Task Marks_and_capitals_do_not_matter(string words)
    {
        var venue = await _desk.VenueAsync(200);
        var id = await _desk.CreateInAsync("published", ("name", "Café Zürich"), ("venueId", venue));
        await _desk.CreateInAsync("published", ("name", "Café de Paris"), ("venueId", await _desk.VenueAsync(200)));
        Assert.Equal([id], await FindAsync($"venueId={venue}&q={Uri.EscapeDataString(words)}"));
    }

    [Theory]
    [InlineData("Jazz/Funk Night", "jazz", "FUNK", "jazz/funk", "night funk")]
    [InlineData("Lesung/Gespräch mit Anna", "lesung", "gesprach", "Gespräch")]
    [InlineData("Rock.am.Ring", "rock", "ring", "rock.am.ring", "\"rock am\"")]
    [InlineData("AC/DC Tribute", "dc", "ac/dc", "AC-DC")]
    [InlineData("Salsa & Bachata_Kizomba", "kizomba", "bachata", "salsa&bachata")]
    [InlineData("Vol.2 feat.Anna <live>", "vol", "2", "anna", "live")]
    [InlineData("Season 2026/27", "2026", "27", "2026/27")]
    [InlineData("Łódź Festival", "lodz", "ŁÓDŹ", "fest", "festiv")]
    [InlineData("Smørrebrød", "smorrebrod", "SMØRREBRØD")]
    [InlineData("Œuvre", "oeuvre", "œuvre")]
    [InlineData("Đà Nẵng", "da nang", "đà nẵng")]
    [InlineData("Þór", "thor", "ÞÓR")]
    [InlineData("Işık Günü", "isik", "IŞIK gunu")]
    [InlineData("Μεγάλος Δρόμος", "μεγαλοσ", "ΜΕΓΆΛΟΣ", "δρομος")]
    [InlineData("Große Straße", "strasse", "GROSSE", "STRAẞE")]
    [InlineData("Белая Ночь", "белая", "НОЧ")]
    [InlineData("עֶרֶב שירה", "ערב", "עֶרֶב")]
    [InlineData("أُمْسِيَّة شِعْر", "امسية", "شعر")]
    [InlineData("東京ジャズフェスティバル", "東京", "ジャズ", "東京 フェスティバル")]
    [InlineData("北京国际音乐节", "北京", "音乐", "国际音乐节")]
    [InlineData("เทศกาลดนตรี", "ดนตรี", "เทศกาล")]
    public async Task A_name_is_found_by_each_of_its_words_as_people_type_them(string name, params string[] asked)
    {
        var venue = await _desk.VenueAsync(200);
        var id = await _desk.CreateInAsync("published", ("name", name), ("venueId", venue));
        await _desk.CreateInAsync("published", ("name", "Something else"), ("venueId", venue));
        foreach (var words in asked)
            Assert.True((await FindAsync($"venueId={venue}&q={Uri.EscapeDataString(words)}")).SequenceEqual([id]), $"{words} does not find {name}");
    }

    [Fact]
    public async Task A_whole_word_comes_before_the_beginning_of_a_longer_one_and_or_joins_what_and_has_joined()
    {
        var venue = await _desk.VenueAsync(200);
        var longer = await _desk.CreateInAsync("published", ("name", "Festival Night"), ("venueId", venue));
        var whole = await _desk.CreateInAsync("published", ("name", "Fest Evening"), ("venueId", venue));
        Assert.Equal([whole, longer], await FindAsync($"venueId={venue}&q=fest"));
        Assert.Equal([whole], await FindAsync($"venueId={venue}&q=fest -night"));
        Assert.Equal(new[] { longer, whole }.ToHashSet(), (await FindAsync($"venueId={venue}&q=festival night or fest evening")).ToHashSet());
        Assert.Equal([whole], await FindAsync($"venueId={venue}&q=festival evening or fest evening"));
    }

    [Fact]
    public async Task Tags_are_one_in_any_case_and_are_found_so()
    {
        var venue = await _desk.VenueAsync(200);
        var created = await _desk.CreateAsync(("tags", new[] { "Jazz", "jazz", "JAZZ", "Open Air" }), ("venueId", venue));
        Assert.Equal(["Jazz", "Open Air"], created.Items("tags").Select(tag => tag.GetString()));
        var id = await _desk.CreateInAsync("published", ("tags", new[] { "Nu-Métal", "Open Air" }), ("venueId", venue));
        foreach (var tag in new[] { "nu-métal", "NU-METAL", "open air" })
            Assert.Equal([id], await FindAsync($"venueId={venue}&tag={Uri.EscapeDataString(tag)}"));
        foreach (var words in new[] { "metal", "open" }) Assert.Equal([id], await FindAsync($"venueId={venue}&q={words}"));
        Assert.Empty(await FindAsync($"venueId={venue}&tag=metal"));
    }

    [Fact]
    public async Task An_edit_is_found_under_its_new_words_only()
    {
        var id = await _desk.CreateInAsync("published", ("name", "Ocarina"));
        Assert.Equal([id], await FindAsync("q=ocarina"));
        await (await _desk.ChangeAsync(id, new { name = "Theremin" })).ReadAsync();
        Assert.Empty(await FindAsync("q=ocarina"));
        Assert.Equal([id], await FindAsync("q=theremin"));
    }

    [Theory]
    [InlineData("relevance")]
    [InlineData("startsAt")]
    [InlineData("-createdAt")]
    public async Task Pages_of_a_search_neither_repeat_nor_lose_an_event_while_others_are_added(string sort)
    {
        var word = $"bandura{sort.Trim('-').ToLowerInvariant()}";
        var there = new HashSet<Guid>();
        foreach (var i in Enumerable.Range(0, 14)) there.Add(await _desk.CreateInAsync("published", ("name", i % 3 == 0 ? $"{word} evening" : "An evening"), ("description", word)));
        var seen = new List<Guid>();
        string? cursor = null;
        do
        {
            var page = await _desk.Public.GetJsonAsync($"/api/v1/events?q={word}&limit=4&sort={sort}{(cursor is null ? "" : $"&cursor={cursor}")}");
            seen.AddRange(page.Items().Select(e => e.Id()));
            cursor = page.GetProperty("nextCursor").GetString();
            await _desk.CreateInAsync("published", ("name", $"{word} {word} evening"));
        }
        while (cursor is not null && seen.Count < 100);
        Assert.Equal(seen.Count, seen.Distinct().Count());
        Assert.Superset(there, seen.ToHashSet());
    }

    [Fact]
    public async Task Relevance_needs_words()
    {
        foreach (var query in new[] { "sort=relevance", "sort=relevance&q=%20" })
        {
            using var answer = await _desk.Public.GetAsync($"/api/v1/events?{query}", Cancellation);
            Assert.Equal("/sort", (await answer.ReadAsync(HttpStatusCode.UnprocessableEntity)).Items("errors").Single().Text("pointer"));
        }
        foreach (var odd in new[] { "'", "\\", "%", "a:*", "((", "& |", "-", "\"", new string('x', 200), "<->", "or or or", "🎟" })
            await _desk.Public.GetJsonAsync($"/api/v1/events?q={Uri.EscapeDataString(odd)}");
    }

    // The function that searches has its own idea of who may find what: it must be that of the list.
    [Fact]
    public async Task Who_finds_what_is_who_lists_what()
    {
        foreach (var visibility in new[] { "public", "unlisted", "private" })
            foreach (var state in new[] { "draft", "review", "approved", "published", "on_sale", "cancelled" })
                await _desk.CreateInAsync(state, ("name", $"Vuvuzela {visibility} {state}"), ("visibility", visibility), ("tags", new[] { "vuvuzela" }));
        var gone = await _desk.CreateInAsync("cancelled", ("name", "Vuvuzela gone"), ("tags", new[] { "vuvuzela" }));
        await _desk.RemoveAsync(gone);
        using var customer = world.Events(AdmitOne.Platform.Identity.Roles.Customer);
        using var staff = world.Events(AdmitOne.Platform.Identity.Roles.VenueStaff);
        foreach (var (who, count) in new[] { (_desk.Public, 3), (customer, 3), (staff, 3), (_desk.OtherManager, 3), (_desk.Manager, 18) })
        {
            var listed = (await who.GetJsonAsync("/api/v1/events?tag=vuvuzela&limit=100")).Items().Select(e => e.Id()).ToHashSet();
            Assert.Equal(count, listed.Count);
            Assert.Equal(listed, (await who.GetJsonAsync("/api/v1/events?q=vuvuzela&limit=100")).Items().Select(e => e.Id()).ToHashSet());
        }
    }

    [Fact]
    public async Task The_index_serves_it()
    {
        await using var connection = await world.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync(Cancellation);
        await using var plan = connection.CreateCommand();
        plan.CommandText = """
            insert into events.events (tenant_id, id, slug, name, venue_id, venue_name, venue_max_capacity, time_zone, doors_at, starts_at, ends_at, sales_start_at, sales_end_at,
                                       check_in_from, check_in_until, visibility, status)
            select @tenant, gen_random_uuid(), 'filler-' || i, 'Filler number ' || i, gen_random_uuid(), 'Hall', 10, 'UTC', t, t, t + interval '1 h', t - interval '1 h', t,
                   t - interval '1 h', t, 'public', 'published'
              from generate_series(1, 3000) i, (select now() + interval '9 days' as t) at_one;
            analyze events.events;
            set local role admitone_worker;
            explain select e.id from events.events e where e.search @@ events.search_query('marimba', true) and e.deleted_at is null;
            """;
        plan.CommandTimeout = 120;
        plan.Parameters.Add(new Npgsql.NpgsqlParameter("tenant", world.Tenant));
        await using var reader = await plan.ExecuteReaderAsync(Cancellation);
        var lines = new List<string>();
        do while (await reader.ReadAsync(Cancellation)) lines.Add(reader.GetString(0)); while (await reader.NextResultAsync(Cancellation));
        Assert.Contains(lines, line => line.Contains("ix_events_search", StringComparison.Ordinal));
    }

    private async Task<IReadOnlyList<Guid>> FindAsync(string query) => [.. (await _desk.Public.GetJsonAsync($"/api/v1/events?{query}")).Items().Select(e => e.Id())];
}
