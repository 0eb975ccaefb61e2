using System.Net;
using AdmitOne.IntegrationTests.Harness;

namespace AdmitOne.IntegrationTests.Minting;

/// <summary>
/// What a bad minting service does to tickets, as a table: whatever it answers, and whenever, each ticket ends with one token, and what it never
/// answers ends as a dead letter.
/// </summary>
public sealed class MintingDrill(MintingWorld world) : IClassFixture<MintingWorld>
{
    [Fact, Trait("Category", "Long")]
    public async Task Every_ticket_ends_minted_once_or_as_a_dead_letter()
    {
        const int Tickets = 60;
        var table = new List<string> { "answers              tickets  largest batch  asked  answered  minted  dead  tokens" };
        foreach (var (name, answers, delayMs, loseEvery) in new[]
        {
            ("prompt", "prompt", 0, 0), ("late by 3 s", "late", 3000, 0), ("twice", "twice", 200, 0), ("out of order", "shuffled", 2000, 0), ("every third lost", "prompt", 0, 3), ("never", "never", 0, 0),
        })
        {
            await world.MintingAnswersAsync(answers, delayMs, loseEvery);
            var sale = await world.PutOnSaleAsync(Tickets);
            for (var bought = 0; bought < Tickets; bought += 10) await (await world.BuyAsync(sale, 10)).ReadAsync(HttpStatusCode.Created);
            await World.UntilAsync(async () => await JobsAsync(sale, "status in ('done', 'dead')") == Tickets);
            await World.UntilAsync(async () => answers != "twice" || await world.Ask<int>("""
                select count(*)::int from neighbours.mint_jobs n join tickets.mint_jobs j on j.id = n.id where j.event_id = @EventId and n.answers_left > 0
                """, new { sale.EventId }) == 0);

            var (minted, dead) = (await JobsAsync(sale, "status = 'done'"), await JobsAsync(sale, "status = 'dead'"));
            var tokens = await world.Ask<int>("select count(distinct nft_token_id)::int from tickets.tickets where event_id = @EventId and nft_status = 'minted'", new { sale.EventId });
            var (batch, most, asked, answered) = await world.Ask<(int, int, int, int)>("""
                select max(n.batch), max(n.asked), sum(n.asked)::int, sum(n.answers)::int from neighbours.mint_jobs n join tickets.mint_jobs j on j.id = n.id where j.event_id = @EventId
                """, new { sale.EventId });
            table.Add($"{name,-20} {Tickets,7} {batch,14} {asked,6} {answered,9} {minted,7} {dead,5} {tokens,7}");
            Assert.InRange(most, 1, 3);   // as often as attempts are allowed
            Assert.Equal(answers == "never" ? (0, Tickets, 0) : (Tickets, 0, Tickets), (minted, dead, tokens));
            await world.AssertBooksAreRightAsync(sale.EventId);
        }
        foreach (var line in table) TestContext.Current.TestOutputHelper?.WriteLine(line);
    }

    private Task<int> JobsAsync(Sale sale, string where) => world.Ask<int>($"select count(*)::int from tickets.mint_jobs where event_id = @EventId and {where}", new { sale.EventId });
}
