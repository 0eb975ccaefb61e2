using System.Net;
using System.Net.Http.Json;
using AdmitOne.IntegrationTests.Harness;

namespace AdmitOne.IntegrationTests.Events;

/// <summary>An event's name in addresses: chosen by its organiser, in any script, found in any case.</summary>
public sealed class SlugTests(World world) : IClassFixture<World>
{
    private readonly EventDesk _desk = new(world);

    [Theory]
    [InlineData("Summer-Night-2027", "summer-night-2027")]
    [InlineData("летняя-ночь", "летняя-ночь")]
    [InlineData("ЛЕТО-2027", "лето-2027")]
    [InlineData("東京-ジャズ", "東京-ジャズ")]
    [InlineData("ערב-שירה", "ערב-שירה")]
    public async Task An_organiser_chooses_a_slug_and_it_is_found_in_any_case(string chosen, string kept)
    {
        var id = (await _desk.CreateAsync(("slug", chosen))).Id();
        Assert.Equal(kept, (await _desk.FindAsync(id)).Text("slug"));
        await (await _desk.MoveAsync(id, "published")).ReadAsync();
        foreach (var asked in new[] { kept, chosen, kept.ToUpperInvariant() })
            Assert.Equal(id, (await _desk.Public.GetJsonAsync($"/api/v1/events/{Uri.EscapeDataString(asked)}?organizer=OURS")).Id());
        Assert.Equal("already_exists", await (await _desk.Manager.PostAsJsonAsync("/api/v1/events", await _desk.BodyAsync(("slug", chosen)), TestContext.Current.CancellationToken)).RefusedAsync(HttpStatusCode.Conflict));
    }

    [Theory]
    [InlineData("two words")]
    [InlineData("-hyphen")]
    [InlineData("a--b")]
    [InlineData("a/b")]
    [InlineData("")]
    [InlineData("0199a1b2-7c00-7000-8000-00000000000c")]
    [InlineData("🎟")]
    public async Task What_no_address_could_hold_is_refused(string chosen)
    {
        var refused = await (await _desk.Manager.PostAsJsonAsync("/api/v1/events", await _desk.BodyAsync(("slug", chosen)), TestContext.Current.CancellationToken)).ReadAsync(HttpStatusCode.UnprocessableEntity);
        Assert.Equal("/slug", refused.Items("errors").Single().Text("pointer"));
    }

    [Fact]
    public async Task A_slug_may_change_until_tickets_are_sold_and_a_copy_gets_one_of_its_own()
    {
        var (first, second) = ((await _desk.CreateAsync(("slug", "first-choice"))).Id(), (await _desk.CreateAsync()).Id());
        Assert.Equal("second-choice", (await (await _desk.ChangeAsync(first, new { slug = "Second-Choice" })).ReadAsync()).Text("slug"));
        Assert.Equal("already_exists", await (await _desk.ChangeAsync(second, new { slug = "second-choice" })).RefusedAsync(HttpStatusCode.Conflict));
        var copy = await _desk.Manager.MakeAsync($"/api/v1/events/{first}/copy", new { });
        Assert.NotEqual("second-choice", copy.Text("slug"));

        var sale = await world.PutOnSaleAsync(10);
        await (await world.BuyAsync(sale)).ReadAsync(HttpStatusCode.Created);
        Assert.Equal("edit_not_allowed", await (await _desk.ChangeAsync(sale.EventId, new { slug = "too-late" })).RefusedAsync(HttpStatusCode.Conflict));
    }
}
