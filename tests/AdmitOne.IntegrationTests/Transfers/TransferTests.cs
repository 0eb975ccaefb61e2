using System.Net;
using System.Net.Http.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Transfers;

/// <summary>A ticket that changes hands has one owner and one good code, before and after.</summary>
public sealed class TransferTests(World world) : IClassFixture<World>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Whoever_accepts_has_the_ticket_and_its_only_good_code()
    {
        var (sale, anna, ben) = (await world.PutOnSaleAsync(quantity: 5), Guid.CreateVersion7(), Guid.CreateVersion7());
        var ticket = await world.BuyTicketAsync(sale, anna);
        var old = await world.CodeAsync(ticket, anna);

        var offer = await (await world.OfferAsync(ticket, anna, " " + World.EmailOf(ben).ToUpperInvariant(), "See you there!")).ReadAsync(HttpStatusCode.Created);
        Assert.Equal(("offered", "sent", TimeSpan.FromHours(48)), (offer.Text("status"), offer.Text("direction"), offer.Instant("expiresAt") - offer.Instant("createdAt")));
        Assert.Equal(old, await world.CodeAsync(ticket, anna));   // it is hers until he accepts
        var accepted = await (await world.AnswerTransferAsync(offer.Id(), ben)).ReadAsync();
        Assert.Equal(("accepted", "received", "See you there!"), (accepted.Text("status"), accepted.Text("direction"), accepted.Text("message")));

        using var hers = world.Tickets(Roles.Customer, anna);
        Assert.Equal("not_owner", await (await hers.GetAsync($"/api/v1/tickets/{ticket}/qr", Cancellation)).RefusedAsync(HttpStatusCode.Forbidden));
        using var his = world.Tickets(Roles.Customer, ben);
        Assert.Equal(ben, (await his.GetJsonAsync($"/api/v1/tickets/{ticket}")).Id("userId"));
        var code = await world.CodeAsync(ticket, ben);
        Assert.NotEqual(old, code);
        await DoorSaysAsync("transferred_code", sale, old);
        await DoorSaysAsync("ok", sale, code);
        Assert.Equal((1, 1), (await world.ToldAsync("transfer.offered", offer.Id()), await world.ToldAsync("transfer.accepted", offer.Id())));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task Only_the_one_it_was_offered_to_answers_and_only_its_sender_cancels()
    {
        var (sale, anna, ben, eve) = (await world.PutOnSaleAsync(quantity: 5), Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7());
        var offer = await world.OfferedAsync(await world.BuyTicketAsync(sale, anna), anna, ben);

        foreach (var what in new[] { "accept", "decline", "cancel" }) await RefusesAsync((HttpStatusCode.Forbidden, "not_owner"), await world.AnswerTransferAsync(offer, eve, what));
        foreach (var what in new[] { "accept", "decline" }) await RefusesAsync((HttpStatusCode.Forbidden, "not_owner"), await world.AnswerTransferAsync(offer, anna, what));
        await RefusesAsync((HttpStatusCode.Forbidden, "not_owner"), await world.AnswerTransferAsync(offer, ben, "cancel"));
        await RefusesAsync((HttpStatusCode.NotFound, "not_found"), await world.AnswerTransferAsync(offer, ben, tenant: world.OtherTenant));
        await RefusesAsync((HttpStatusCode.NotFound, "not_found"), await world.AnswerTransferAsync(Guid.CreateVersion7(), ben));

        foreach (bool? said in new bool?[] { false, null })   // what the token does not say is not so
        {
            using var unverified = world.Tickets(world.Holder(Roles.Customer, ben) with { EmailVerified = said });
            foreach (var what in new[] { "accept", "decline" })
                await RefusesAsync((HttpStatusCode.Forbidden, "not_owner"), await unverified.PostAsync($"/api/v1/transfers/{offer}/{what}", null, Cancellation));
            await RefusesAsync((HttpStatusCode.Forbidden, "not_owner"), await unverified.GetAsync($"/api/v1/transfers/{offer}", Cancellation));
            Assert.Empty((await unverified.GetJsonAsync("/api/v1/transfers")).Items());
        }
        await using (var trusting = await world.StartAsync(configuration => AdmitOne.Tickets.TicketsService.Build(configuration),
            new Dictionary<string, string?>(world.TicketsSettings) { ["JWT_ISSUER_VERIFIES_EMAIL"] = "true" }))
        {
            foreach (var (said, listed) in new (bool?, int)[] { (null, 1), (false, 0) })
            {
                using var client = world.Client(World.Address(trusting));
                client.DefaultRequestHeaders.Authorization = new("Bearer", world.Mint.Mint(world.Holder(Roles.Customer, ben) with { EmailVerified = said }));
                Assert.Equal(listed, (await client.GetJsonAsync("/api/v1/transfers")).Items().Count);
            }
        }
        using var verified = world.Tickets(world.Holder(Roles.Customer, ben) with { EmailVerified = true, Email = World.EmailOf(ben).ToUpperInvariant() });
        await (await verified.PostAsync($"/api/v1/transfers/{offer}/accept", null, Cancellation)).ReadAsync();
    }

    [Fact]
    public async Task An_offer_is_answered_once_and_after_a_no_the_ticket_can_be_offered_again()
    {
        var (sale, anna, ben) = (await world.PutOnSaleAsync(quantity: 5), Guid.CreateVersion7(), Guid.CreateVersion7());
        var ticket = await world.BuyTicketAsync(sale, anna);
        foreach (var (who, what, becomes) in new[] { (ben, "decline", "declined"), (anna, "cancel", "cancelled") })
        {
            var offer = await world.OfferedAsync(ticket, anna, ben);
            await RefusesAsync((HttpStatusCode.Conflict, "transfer_pending"), await world.OfferAsync(ticket, anna, "robin@people.example"));
            Assert.Equal(becomes, (await (await world.AnswerTransferAsync(offer, who, what)).ReadAsync()).Text("status"));
            await RefusesAsync((HttpStatusCode.Conflict, "transfer_not_offered"), await world.AnswerTransferAsync(offer, ben));
            await RefusesAsync((HttpStatusCode.Conflict, "transfer_not_offered"), await world.AnswerTransferAsync(offer, who, what));
            Assert.Equal(1, await world.ToldAsync($"transfer.{becomes}", offer));
        }
        await world.GiveAsync(ticket, anna, ben);
        Assert.Equal(1, await world.Ask<int>("select count(*)::int from tickets.ticket_transfers where ticket_id = @ticket and status = 'accepted'", new { ticket }));
    }

    [Fact]
    public async Task After_48_hours_an_offer_is_gone_by_the_clock_and_told_so_once()
    {
        var (sale, anna, ben) = (await world.PutOnSaleAsync(quantity: 5, new SaleOptions { StartsIn = TimeSpan.FromDays(7) }), Guid.CreateVersion7(), Guid.CreateVersion7());
        var ticket = await world.BuyTicketAsync(sale, anna);
        var offer = await world.OfferedAsync(ticket, anna, ben);
        await world.AgeTransfersAsync(ticket, TimeSpan.FromHours(48) - TimeSpan.FromSeconds(30));
        using var his = world.Tickets(Roles.Customer, ben);
        Assert.Equal("offered", (await his.GetJsonAsync($"/api/v1/transfers/{offer}")).Text("status"));

        await world.AgeTransfersAsync(ticket, TimeSpan.FromSeconds(31));
        Assert.Equal("expired", (await his.GetJsonAsync($"/api/v1/transfers/{offer}")).Text("status"));
        Assert.Equal(offer, Assert.Single((await his.GetJsonAsync("/api/v1/transfers?status=expired")).Items()).Id());
        foreach (var (who, what) in new[] { (ben, "accept"), (ben, "decline"), (anna, "cancel") }) await RefusesAsync((HttpStatusCode.Gone, "transfer_expired"), await world.AnswerTransferAsync(offer, who, what));

        // Whether the sweep or the next offer comes first, it is told once.
        var next = await world.OfferedAsync(ticket, anna, ben);
        await World.UntilAsync(async () => await world.ToldAsync("transfer.expired", offer) == 1);
        await world.AgeTransfersAsync(ticket, TimeSpan.FromHours(49));
        await World.UntilAsync(async () => await world.ToldAsync("transfer.expired", next) == 1);
        Assert.Equal(1, await world.ToldAsync("transfer.expired", offer));
    }

    [Fact]
    public async Task A_ticket_changes_hands_five_times_and_not_twice_within_half_an_hour()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5, new SaleOptions { StartsIn = TimeSpan.FromDays(7) });
        var owners = Enumerable.Range(0, 7).Select(_ => Guid.CreateVersion7()).ToArray();
        var ticket = await world.BuyTicketAsync(sale, owners[0]);
        for (var n = 0; n < 5; n++)
        {
            await world.GiveAsync(ticket, owners[n], owners[n + 1]);
            await RefusesAsync((HttpStatusCode.UnprocessableEntity, "transfer_limit"), await world.OfferAsync(ticket, owners[n + 1], World.EmailOf(owners[n + 2 < 7 ? n + 2 : 0])));
            await world.AgeTransfersAsync(ticket, TimeSpan.FromMinutes(31));
        }
        await RefusesAsync((HttpStatusCode.UnprocessableEntity, "transfer_limit"), await world.OfferAsync(ticket, owners[5], World.EmailOf(owners[6])));
        Assert.Equal(6, await world.Ask<int>("select owner_version::int from tickets.tickets where id = @ticket", new { ticket }));
    }

    [Fact]
    public async Task A_person_makes_ten_offers_a_day_however_many_they_try_at_once()
    {
        var sale = await world.PutOnSaleAsync(quantity: 100, new SaleOptions { MaxPerOrder = 20 });
        var replica = await world.SecondReplicaAsync();
        var (anna, tickets, left) = (Guid.Empty, Array.Empty<Guid>(), Guid.Empty);
        for (var round = 0; round < 5; round++)   // the first ones warm both up, so that the later ones really meet
        {
            anna = Guid.CreateVersion7();
            tickets = [.. (await (await world.BuyAsync(sale, 20, anna)).ReadAsync(HttpStatusCode.Created)).Items("tickets").Select(t => t.Id())];

            var answers = await Task.WhenAll(tickets.Select((ticket, n) => world.OfferAsync(ticket, anna, $"guest{n}@people.example", replica: n % 2 == 0 ? replica.Url : null)));

            Assert.Equal(10, answers.Count(a => a.StatusCode == HttpStatusCode.Created));
            foreach (var refused in answers.Where(a => a.StatusCode != HttpStatusCode.Created)) await RefusesAsync((HttpStatusCode.UnprocessableEntity, "transfer_limit"), refused);
            left = tickets[Array.FindIndex(answers, a => a.StatusCode != HttpStatusCode.Created)];
        }
        foreach (var ticket in tickets) await world.AgeTransfersAsync(ticket, TimeSpan.FromDays(1));
        Assert.Equal(HttpStatusCode.Created, (await world.OfferAsync(left, anna, "guest@people.example")).StatusCode);
    }

    [Fact]
    public async Task Of_two_tenth_offers_that_were_counted_at_the_same_time_one_is_made()
    {
        var sale = await world.PutOnSaleAsync(quantity: 20, new SaleOptions { MaxPerOrder = 20 });
        var anna = Guid.CreateVersion7();
        var tickets = (await (await world.BuyAsync(sale, 11, anna)).ReadAsync(HttpStatusCode.Created)).Items("tickets").Select(t => t.Id()).ToArray();
        foreach (var ticket in tickets[..9]) await (await world.OfferAsync(ticket, anna, "guest@people.example")).ReadAsync(HttpStatusCode.Created);
        Task<HttpResponseMessage[]> both;
        await using (await world.HoldUpInsertsAsync("tickets.ticket_transfers"))
        {
            both = Task.WhenAll(tickets[9..].Select(ticket => world.OfferAsync(ticket, anna, "guest@people.example")));
            await world.UntilWaitingAsync(2);
        }
        Assert.Equal([HttpStatusCode.Created, HttpStatusCode.UnprocessableEntity], (await both).Select(a => a.StatusCode).Order());
    }

    [Fact]
    public async Task What_the_event_or_the_type_does_not_allow_is_neither_offered_nor_accepted()
    {
        var (anna, ben) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var never = await world.PutOnSaleAsync(quantity: 5, new SaleOptions { Event = new Dictionary<string, object?> { ["transferPolicy"] = new { allowed = false } } });
        var tied = await world.PutOnSaleAsync(quantity: 5, new SaleOptions { TicketType = new Dictionary<string, object?> { ["transferable"] = false } });
        var late = await world.PutOnSaleAsync(quantity: 5, new SaleOptions { Event = new Dictionary<string, object?> { ["transferPolicy"] = new { allowed = true, untilHoursBefore = 3 } } });
        foreach (var sale in new[] { never, tied, late })
            await RefusesAsync((HttpStatusCode.UnprocessableEntity, "transfer_not_allowed"), await world.OfferAsync(await world.BuyTicketAsync(sale, anna), anna, World.EmailOf(ben)));

        // Offered in time, accepted too late: the doors have come nearer, or the organiser has changed their mind.
        foreach (var change in new[] { "doors_at = clock_timestamp() - interval '1 second'", "transfer_allowed = false", "status = 'cancelled'" })
        {
            var sale = await world.PutOnSaleAsync(quantity: 5);
            var ticket = await world.BuyTicketAsync(sale, anna);
            var offer = await world.OfferedAsync(ticket, anna, ben);
            await world.Sql($"update events.events set {change} where id = @EventId", new { sale.EventId });
            await RefusesAsync((HttpStatusCode.UnprocessableEntity, "transfer_not_allowed"), await world.AnswerTransferAsync(offer, ben));
            await world.CodeAsync(ticket, anna);
        }
    }

    [Fact]
    public async Task A_used_ticket_stays_where_it_is()
    {
        var (sale, anna, ben) = (await world.PutOnSaleAsync(quantity: 5), Guid.CreateVersion7(), Guid.CreateVersion7());
        var ticket = await world.BuyTicketAsync(sale, anna);
        var offer = await world.OfferedAsync(ticket, anna, ben);
        await DoorSaysAsync("ok", sale, await world.CodeAsync(ticket, anna));
        await RefusesAsync((HttpStatusCode.Conflict, "ticket_used"), await world.AnswerTransferAsync(offer, ben));
        await (await world.AnswerTransferAsync(offer, anna, "cancel")).ReadAsync();
        await RefusesAsync((HttpStatusCode.Conflict, "ticket_used"), await world.OfferAsync(ticket, anna, World.EmailOf(ben)));
    }

    [Theory]
    [InlineData("blocked")]
    [InlineData("refunded")]
    [InlineData("cancelled")]
    public async Task An_offer_ends_with_its_ticket(string status)
    {
        var (sale, anna, ben) = (await world.PutOnSaleAsync(quantity: 5), Guid.CreateVersion7(), Guid.CreateVersion7());
        var ticket = await world.BuyTicketAsync(sale, anna);
        var offer = await world.OfferedAsync(ticket, anna, ben);
        await world.Sql("update tickets.tickets set status = @status where id = @ticket", new { ticket, status });

        using var his = world.Tickets(Roles.Customer, ben);
        var ended = await his.GetJsonAsync($"/api/v1/transfers/{offer}");
        Assert.Equal(("cancelled", $"ticket_{status}"), (ended.Text("status"), ended.Text("closedBecause")));
        await RefusesAsync((HttpStatusCode.Conflict, "ticket_not_issued"), await world.AnswerTransferAsync(offer, ben));
        await RefusesAsync((HttpStatusCode.Conflict, "ticket_not_issued"), await world.OfferAsync(ticket, anna, World.EmailOf(ben)));
        Assert.Equal(1, await world.ToldAsync("transfer.cancelled", offer));
    }

    [Fact]
    public async Task A_ticket_counts_for_the_limit_of_the_owner_it_reaches()
    {
        var (sale, anna, ben) = (await world.PutOnSaleAsync(quantity: 20, new SaleOptions { MaxPerCustomer = 2 }), Guid.CreateVersion7(), Guid.CreateVersion7());
        await (await world.BuyAsync(sale, 1, ben)).ReadAsync(HttpStatusCode.Created);
        await world.GiveAsync(await world.BuyTicketAsync(sale, anna), anna, ben);
        Assert.Equal("limit_per_customer", await (await world.BuyAsync(sale, 1, ben)).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        var third = await world.OfferedAsync(await world.BuyTicketAsync(sale, anna), anna, ben);
        await RefusesAsync((HttpStatusCode.UnprocessableEntity, "limit_per_customer"), await world.AnswerTransferAsync(third, ben));

        // At the same instant bought and received: one of them.
        var replica = await world.SecondReplicaAsync();
        for (var round = 0; round < 15; round++)
        {
            var (giver, cleo) = (Guid.CreateVersion7(), Guid.CreateVersion7());
            var offered = await world.OfferedAsync(await world.BuyTicketAsync(round == 0 ? sale : sale = await world.PutOnSaleAsync(quantity: 20, new SaleOptions { MaxPerCustomer = 2 }), giver), giver, cleo);
            await (await world.BuyAsync(sale, 1, cleo)).ReadAsync(HttpStatusCode.Created);
            var both = await Task.WhenAll(world.BuyAsync(sale, 1, cleo, replica: replica.Url), world.AnswerTransferAsync(offered, cleo));
            Assert.Single(both, answer => answer.IsSuccessStatusCode);
        }
    }

    [Fact]
    public async Task The_history_stays_and_later_owners_learn_no_earlier_addresses()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5, new SaleOptions { StartsIn = TimeSpan.FromDays(7) });
        var (anna, ben, cleo) = (Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7());
        var ticket = await world.BuyTicketAsync(sale, anna);
        await (await world.AnswerTransferAsync(await world.OfferedAsync(ticket, anna, cleo), anna, "cancel")).ReadAsync();
        await world.GiveAsync(ticket, anna, ben);
        await world.AgeTransfersAsync(ticket, TimeSpan.FromHours(1));
        await world.GiveAsync(ticket, ben, cleo);

        using var hers = world.Tickets(Roles.Customer, cleo);
        var page = await hers.GetJsonAsync($"/api/v1/tickets/{ticket}/transfers");
        Assert.Equal(["accepted", "accepted"], page.Items().Select(t => t.Text("status")));
        Assert.DoesNotContain(World.EmailOf(anna), page.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(World.EmailOf(ben), page.ToString(), StringComparison.Ordinal);
        Assert.Equal($"{ben.ToString("n")[0]}…@people.example", page.Items()[0].Text("sender"));

        using var manager = world.Tickets(Roles.VenueManager);
        var all = await manager.GetJsonAsync($"/api/v1/tickets/{ticket}/transfers");
        Assert.Equal([("accepted", World.EmailOf(cleo)), ("accepted", World.EmailOf(ben)), ("cancelled", World.EmailOf(cleo))], all.Items().Select(t => (t.Text("status"), t.Text("recipientEmail"))));
        using var formers = world.Tickets(Roles.Customer, anna);
        Assert.Equal("not_owner", await (await formers.GetAsync($"/api/v1/tickets/{ticket}/transfers", Cancellation)).RefusedAsync(HttpStatusCode.Forbidden));
        using var others = world.Tickets(Roles.VenueManager, tenant: world.OtherTenant);
        Assert.Equal("not_found", await (await others.GetAsync($"/api/v1/tickets/{ticket}/transfers", Cancellation)).RefusedAsync(HttpStatusCode.NotFound));
    }

    [Fact]
    public async Task Everybody_lists_what_they_sent_and_received_page_by_page()
    {
        var (sale, anna, ben) = (await world.PutOnSaleAsync(quantity: 20), Guid.CreateVersion7(), Guid.CreateVersion7());
        var offers = new List<Guid>();
        for (var n = 0; n < 5; n++) offers.Add(await world.OfferedAsync(await world.BuyTicketAsync(sale, n < 3 ? anna : ben), n < 3 ? anna : ben, n < 3 ? ben : anna));
        await (await world.AnswerTransferAsync(offers[0], ben)).ReadAsync();

        using var his = world.Tickets(Roles.Customer, ben);
        var seen = new List<Guid>();
        for (var path = "/api/v1/transfers?limit=2"; path is not null;)
        {
            var page = await his.GetJsonAsync(path);
            seen.AddRange(page.Items().Select(t => t.Id()));
            path = page.GetProperty("nextCursor").GetString() is { } cursor ? $"/api/v1/transfers?limit=2&cursor={cursor}" : null;
        }
        Assert.Equal(offers.AsEnumerable().Reverse(), seen);
        Assert.Equal([offers[4], offers[3]], (await his.GetJsonAsync("/api/v1/transfers?direction=sent")).Items().Select(t => t.Id()));
        Assert.Equal([offers[2], offers[1]], (await his.GetJsonAsync("/api/v1/transfers?direction=received&status=offered")).Items().Select(t => t.Id()));
        Assert.Equal("validation_failed", await (await his.GetAsync("/api/v1/transfers?direction=up", Cancellation)).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        Assert.Equal("validation_failed", await (await his.GetAsync("/api/v1/transfers?cursor=x", Cancellation)).RefusedAsync(HttpStatusCode.UnprocessableEntity));
        using var nosy = world.Tickets(Roles.Customer);
        Assert.Equal("not_owner", await (await nosy.GetAsync($"/api/v1/transfers/{offers[1]}", Cancellation)).RefusedAsync(HttpStatusCode.Forbidden));
        Assert.Empty((await nosy.GetJsonAsync("/api/v1/transfers")).Items());
    }

    [Theory]
    [InlineData("""{}""", HttpStatusCode.BadRequest, "invalid_json")]
    [InlineData("""{"recipientEmail":null}""", HttpStatusCode.BadRequest, "invalid_json")]
    [InlineData("""{"recipientEmail":"nobody"}""", HttpStatusCode.UnprocessableEntity, "validation_failed")]
    [InlineData("""{"recipientEmail":"a b@c.example"}""", HttpStatusCode.UnprocessableEntity, "validation_failed")]
    [InlineData("""{"recipientEmail":"a\u0000@c.example"}""", HttpStatusCode.UnprocessableEntity, "validation_failed")]
    [InlineData("""{"recipientEmail":"jo\u200b@example.test"}""", HttpStatusCode.UnprocessableEntity, "validation_failed")]
    [InlineData("""{"recipientEmail":"jo@example,test"}""", HttpStatusCode.UnprocessableEntity, "validation_failed")]
    [InlineData("""{"recipientEmail":"jo@example.test."}""", HttpStatusCode.UnprocessableEntity, "validation_failed")]
    [InlineData("""{"recipientEmail":"jo@example"}""", HttpStatusCode.UnprocessableEntity, "validation_failed")]
    [InlineData("""{"recipientEmail":"jo@xn--a.test"}""", HttpStatusCode.UnprocessableEntity, "validation_failed")]
    [InlineData("""{"recipientEmail":"a@c.example","message":"\u202e"}""", HttpStatusCode.UnprocessableEntity, "validation_failed")]
    [InlineData("""{"recipientEmail":"a@c.example","message":"\u0000"}""", HttpStatusCode.UnprocessableEntity, "validation_failed")]
    [InlineData("""{"recipientEmail":"a@c.example","to":"b"}""", HttpStatusCode.BadRequest, "unknown_property")]
    public async Task A_body_that_breaks_a_rule_is_refused(string body, HttpStatusCode status, string code)
    {
        using var client = world.Tickets(Roles.Customer);
        using var content = new StringContent(body, null, "application/json");
        Assert.Equal(code, await (await client.PostAsync($"/api/v1/tickets/{Guid.CreateVersion7()}/transfers", content, Cancellation)).RefusedAsync(status));
    }

    [Fact]
    public async Task Ones_own_address_and_a_strangers_ticket_are_refused()
    {
        var (sale, anna) = (await world.PutOnSaleAsync(quantity: 5), Guid.CreateVersion7());
        var ticket = await world.BuyTicketAsync(sale, anna);
        await RefusesAsync((HttpStatusCode.UnprocessableEntity, "validation_failed"), await world.OfferAsync(ticket, anna, World.EmailOf(anna)));
        await RefusesAsync((HttpStatusCode.Forbidden, "not_owner"), await world.OfferAsync(ticket, Guid.CreateVersion7(), "robin@people.example"));
        await RefusesAsync((HttpStatusCode.NotFound, "not_found"), await world.OfferAsync(Guid.CreateVersion7(), anna, "robin@people.example"));
        using var abroad = world.Tickets(Roles.Customer, anna, world.OtherTenant);
        await RefusesAsync((HttpStatusCode.NotFound, "not_found"), await abroad.PostAsJsonAsync($"/api/v1/tickets/{ticket}/transfers", new { recipientEmail = "robin@people.example" }, Cancellation));
    }

    [Theory]
    [InlineData("жж@xn--e1afmkfd.xn--p1ai", "ЖЖ@пример.рф")]
    [InlineData("info@Bücher.example", "info@xn--bcher-kva.example")]
    [InlineData("ΝΙΚΟΣ@example.gr", "νικος@example.gr")]
    public async Task An_offer_reaches_whoever_has_the_address_in_another_spelling(string offered, string own)
    {
        var (anna, ben) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var ticket = await world.BuyTicketAsync(await world.PutOnSaleAsync(quantity: 1), anna);
        using var offer = await world.OfferAsync(ticket, anna, offered);
        var id = (await offer.ReadAsync(HttpStatusCode.Created)).Id();
        using var client = world.Tickets(new AdmitOne.Identity.TokenHolder(world.Tenant, ben, Roles.Customer, own, EmailVerified: true));
        Assert.Contains((await client.GetJsonAsync("/api/v1/transfers?direction=received")).Items(), transfer => transfer.Id() == id);
        await (await client.PostAsync($"/api/v1/transfers/{id}/accept", content: null, Cancellation)).ReadAsync();
    }

    private static async Task RefusesAsync((HttpStatusCode Status, string Code) expected, HttpResponseMessage answer)
    {
        using (answer) Assert.Equal(expected.Code, await answer.RefusedAsync(expected.Status));
    }

    private async Task DoorSaysAsync(string reason, Sale sale, string code) => Assert.Equal(reason, (await (await world.ScanAsync(sale.EventId, code)).ReadAsync()).Text("reason"));
}
