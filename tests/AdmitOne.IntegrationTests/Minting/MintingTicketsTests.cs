using System.Net;
using System.Text.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Minting;

/// <summary>Minting is on, and impatient enough for a test.</summary>
public sealed class MintingWorld(Stack stack) : World(stack,
    [("ENABLE_NFT_MINTING", "true"), ("MINTING_ANSWER_SECONDS", "2"), ("MINTING_RETRY_SECONDS", "1"), ("MINTING_MAX_ATTEMPTS", "3")]);

/// <summary>A ticket sells and admits whether minting works or not; its token follows when it can.</summary>
public sealed class MintingTicketsTests(MintingWorld world) : IClassFixture<MintingWorld>
{
    [Fact]
    public async Task A_token_is_minted_follows_its_ticket_and_goes_with_it()
    {
        await world.MintingAnswersAsync();
        var (sale, anna, ben) = (await world.PutOnSaleAsync(quantity: 5), Guid.CreateVersion7(), Guid.CreateVersion7());
        var ticket = await world.BuyTicketAsync(sale, anna);
        await world.UntilNftIsAsync(ticket, "minted");
        var minted = await world.NftAsync(ticket);
        Assert.All(["tokenId", "transactionId"], member => Assert.NotEmpty(minted.Text(member)));

        await world.GiveAsync(ticket, anna, ben);
        await World.UntilAsync(async () => (await world.MintJobsAsync($"ticketId={ticket}&status=done")).Count == 2);
        var moved = await world.NftAsync(ticket);
        Assert.Equal(("minted", minted.Text("tokenId")), (moved.Text("status"), moved.Text("tokenId")));
        Assert.NotEqual(minted.Text("transactionId"), moved.Text("transactionId"));
        Assert.Equal(ben, (await world.MintJobsAsync($"ticketId={ticket}")).Single(j => j.Text("kind") == "transfer").Id("ownerId"));

        await CancelAsync(ticket);
        await world.UntilNftIsAsync(ticket, "burned");
        Assert.Equal(minted.Text("tokenId"), (await world.NftAsync(ticket)).Text("tokenId"));
        Assert.Equal(3, await world.Ask<int>("select count(*)::int from neighbours.mint_jobs where ticket_id = @ticket", new { ticket }));
    }

    [Fact]
    public async Task While_the_service_is_away_tickets_sell_and_admit_and_are_minted_when_it_is_back()
    {
        await world.MintingAnswersAsync(away: true);
        var sale = await world.PutOnSaleAsync(quantity: 5);
        var (ticket, code) = (await world.BuyCodesAsync(sale))[0];
        Assert.Equal("ok", (await (await world.ScanAsync(sale.EventId, code)).ReadAsync()).Text("reason"));
        await world.UntilNftIsAsync(ticket, "pending");
        await World.UntilAsync(async () => (await world.MintJobsAsync($"ticketId={ticket}"))[0].Number("attempts") > 0);
        await world.MintingAnswersAsync();
        if ((await world.MintJobsAsync($"ticketId={ticket}"))[0] is var job && job.Text("status") == "dead") await world.ReplayMintJobAsync(job.Id());
        await world.UntilNftIsAsync(ticket, "minted");
    }

    [Fact]
    public async Task An_answer_that_never_comes_is_asked_for_again_then_given_up_and_can_be_replayed()
    {
        var sale = await world.PutOnSaleAsync(quantity: 5);
        await world.MintingAnswersAsync("never");
        var (owner, lost) = (Guid.CreateVersion7(), Guid.Empty);
        var ticket = lost = await world.BuyTicketAsync(sale, owner);
        await world.UntilNftIsAsync(ticket, "failed");
        var dead = Assert.Single(await world.MintJobsAsync($"status=dead&ticketId={lost}"));
        Assert.Equal((3, "No answer came."), (dead.Number("attempts"), dead.Text("lastError")));
        Assert.Equal(3, await world.Ask<int>("select asked from neighbours.mint_jobs where ticket_id = @ticket", new { ticket }));

        await world.MintingAnswersAsync();
        Assert.Equal("waiting", (await world.ReplayMintJobAsync(dead.Id())).Text("status"));
        await world.UntilNftIsAsync(ticket, "minted");
        Assert.Equal("done", (await world.ReplayMintJobAsync(dead.Id())).Text("status"));   // not dead any more: left as it is
        Assert.Equal(1, await world.Ask<int>("select count(*)::int from platform.audit_log where action = 'mint_job.replay' and resource_id = @id", new { id = dead.Id() }));
    }

    [Fact]
    public async Task A_job_that_is_refused_becomes_a_dead_letter_and_takes_nobody_with_it()
    {
        await world.MintingAnswersAsync(away: true);
        var sale = await world.PutOnSaleAsync(quantity: 8);
        var order = await (await world.BuyAsync(sale, 8, Guid.CreateVersion7())).ReadAsync(HttpStatusCode.Created);
        var tickets = order.Items("tickets").Select(t => t.Id()).ToArray();
        await world.MintingAnswersAsync(refuse: tickets[3]);
        await World.UntilAsync(async () =>
        {
            foreach (var job in await world.MintJobsAsync($"status=dead&eventId={sale.EventId}"))
                if (job.Text("lastError").Contains("No answer", StringComparison.Ordinal) || job.Text("lastError").Contains("503", StringComparison.Ordinal)) await world.ReplayMintJobAsync(job.Id());
            return (await world.MintJobsAsync($"status=done&eventId={sale.EventId}")).Count == 7 && (await world.MintJobsAsync($"status=dead&eventId={sale.EventId}")).Count == 1;
        });
        var dead = Assert.Single(await world.MintJobsAsync($"status=dead&eventId={sale.EventId}"));
        Assert.Equal(tickets[3], dead.Id("ticketId"));
        Assert.Contains("422", dead.Text("lastError"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_service_says_late_twice_or_wrongly_ends_right()
    {
        await world.MintingAnswersAsync("never");
        var sale = await world.PutOnSaleAsync(quantity: 5);
        var ticket = await world.BuyTicketAsync(sale, Guid.CreateVersion7());
        await World.UntilAsync(async () => (await world.MintJobsAsync($"ticketId={ticket}&status=sent")).Count == 1);
        var job = (await world.MintJobsAsync($"ticketId={ticket}"))[0].Id();
        object Answer(string type, string? tokenId = "7", string? transactionId = "a1") => new { type, timestamp = "2026-11-22T18:00:00Z", data = new { jobId = job, tokenId, transactionId } };

        await RefusesAsync(HttpStatusCode.Unauthorized, "bad_signature", world.SendMintWebhookAsync(Answer("token.minted"), secret: "another-secret-of-more-than-thirty-two-characters"));
        await RefusesAsync(HttpStatusCode.Unauthorized, "stale_timestamp", world.SendMintWebhookAsync(Answer("token.minted"), age: TimeSpan.FromMinutes(6)));
        await RefusesAsync(HttpStatusCode.UnprocessableEntity, "validation_failed", world.SendMintWebhookAsync(Answer("token.burned")));
        await RefusesAsync(HttpStatusCode.UnprocessableEntity, "validation_failed", world.SendMintWebhookAsync(Answer("token.minted", tokenId: null)));
        await RefusesAsync(HttpStatusCode.UnprocessableEntity, "validation_failed", world.SendMintWebhookAsync(Answer("token.eaten")));
        await OkAsync(world.SendMintWebhookAsync(new { type = "token.minted", data = new { jobId = Guid.CreateVersion7(), tokenId = "9" } }));   // nobody's job

        await world.UntilNftIsAsync(ticket, "failed");   // given up, and then it comes after all
        await OkAsync(world.SendMintWebhookAsync(Answer("token.failed"), id: "first"));
        Assert.Equal("failed", (await world.NftAsync(ticket)).Text("status"));
        for (var time = 0; time < 2; time++) await OkAsync(world.SendMintWebhookAsync(Answer("token.minted"), id: "second"));
        Assert.Equal(("minted", "7"), ((await world.NftAsync(ticket)).Text("status"), (await world.NftAsync(ticket)).Text("tokenId")));
        await OkAsync(world.SendMintWebhookAsync(Answer("token.minted", tokenId: "8"), id: "third"));   // what is done stays done
        await OkAsync(world.SendMintWebhookAsync(Answer("token.failed"), id: "fourth"));
        Assert.Equal(("minted", "7"), ((await world.NftAsync(ticket)).Text("status"), (await world.NftAsync(ticket)).Text("tokenId")));
    }

    [Fact]
    public async Task A_failure_that_is_told_is_tried_again()
    {
        await world.MintingAnswersAsync("failed");
        var sale = await world.PutOnSaleAsync(quantity: 5);
        var ticket = await world.BuyTicketAsync(sale, Guid.CreateVersion7());
        await World.UntilAsync(async () => (await world.MintJobsAsync($"ticketId={ticket}")) is [var job] && job.GetProperty("lastError") is { ValueKind: JsonValueKind.String } error
            && error.GetString()!.Contains("It was told to fail.", StringComparison.Ordinal));
        await world.MintingAnswersAsync();
        if ((await world.MintJobsAsync($"ticketId={ticket}"))[0] is var late && late.Text("status") == "dead") await world.ReplayMintJobAsync(late.Id());
        await world.UntilNftIsAsync(ticket, "minted");
    }

    [Fact]
    public async Task Only_managers_see_and_replay_jobs_and_only_their_own()
    {
        await world.MintingAnswersAsync();
        var ticket = await world.BuyTicketAsync(await world.PutOnSaleAsync(quantity: 5), Guid.CreateVersion7());
        await world.UntilNftIsAsync(ticket, "minted");
        var job = (await world.MintJobsAsync($"ticketId={ticket}"))[0].Id();
        using var customer = world.Tickets(Roles.Customer);
        Assert.Equal("role_required", await (await customer.GetAsync("/api/v1/mint-jobs", TestContext.Current.CancellationToken)).RefusedAsync(HttpStatusCode.Forbidden));
        using var other = world.Tickets(Roles.VenueManager, tenant: world.OtherTenant);
        Assert.Empty((await other.GetJsonAsync("/api/v1/mint-jobs")).Items());
        Assert.Equal("not_found", await (await other.PostAsync($"/api/v1/mint-jobs/{job}/replay", null, TestContext.Current.CancellationToken)).RefusedAsync(HttpStatusCode.NotFound));
    }

    // As a refund or the event's cancellation will: the ticket dies and it is told.
    private Task<int> CancelAsync(Guid ticket) => world.Sql("""
        update tickets.tickets set status = 'cancelled' where id = @ticket;
        insert into platform.outbox (tenant_id, id, type, resource_id, data) values (@Tenant, @id, 'ticket.cancelled', @ticket, '{}')
        """, new { ticket, world.Tenant, id = Guid.CreateVersion7() });

    private static async Task RefusesAsync(HttpStatusCode status, string code, Task<HttpResponseMessage> sending)
    {
        using var answer = await sending;
        Assert.Equal(code, await answer.RefusedAsync(status));
    }

    private static async Task OkAsync(Task<HttpResponseMessage> sending)
    {
        using var answer = await sending;
        await answer.ReadAsync(HttpStatusCode.OK);
    }
}

/// <summary>Off means that nobody is called and nothing waits.</summary>
public sealed class NoMintingTests(World world) : IClassFixture<World>
{
    [Fact]
    public async Task Without_the_switch_there_are_no_jobs_no_calls_and_no_consumer()
    {
        await world.MintingAnswersAsync();
        var sale = await world.PutOnSaleAsync(quantity: 5);
        var (anna, ben) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var ticket = await world.BuyTicketAsync(sale, anna);
        await world.GiveAsync(ticket, anna, ben);
        await World.UntilAsync(async () => await world.Ask<int>("select count(*)::int from platform.outbox_sequence s join platform.outbox o on o.id = s.outbox_id where o.type = 'transfer.accepted'") == 1);
        Assert.Equal(JsonValueKind.Undefined, (await world.NftAsync(ticket)).ValueKind);
        Assert.Equal((0, 0, 0), await world.Ask<(int, int, int)>("""
            select (select count(*)::int from tickets.mint_jobs), (select count(*)::int from neighbours.mint_jobs), (select count(*)::int from platform.outbox_cursors where consumer = 'minting')
            """));
    }

    [Fact]
    public async Task The_switch_needs_an_address_and_in_production_a_safe_one()
    {
        foreach (var (settings, fault) in new[]
        {
            (Setting("MINTING_SERVICE_URL", ""), "MINTING_SERVICE_URL is needed with ENABLE_NFT_MINTING."),
            (Setting("MINTING_MAX_ATTEMPTS", "0"), "MINTING_MAX_ATTEMPTS"),
            (Setting("ENABLE_NFT_MINTING", "maybe"), "ENABLE_NFT_MINTING"),
        })
        {
            var wrong = await Assert.ThrowsAnyAsync<Exception>(() => world.StartAsync(c => AdmitOne.Tickets.TicketsService.Build(c), settings));
            Assert.Contains(AdmitOne.Platform.Hosting.ServiceHost.StartFaults(wrong), line => line.Contains(fault, StringComparison.Ordinal));
        }
    }

    private Dictionary<string, string?> Setting(string name, string value) => new(world.TicketsSettings) { ["ENABLE_NFT_MINTING"] = "true", [name] = value };
}
