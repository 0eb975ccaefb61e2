using System.Security.Cryptography;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Tickets.Codes;

namespace AdmitOne.IntegrationTests.Door;

/// <summary>A code that was kept when it was shown is recognised at the door; who may enter by it is asked all the same.</summary>
public sealed class KnownCodesTests(World world) : IClassFixture<World>
{
    [Fact]
    public async Task What_was_kept_of_a_code_is_recognised_and_a_dead_one_is_refused_all_the_same()
    {
        var sale = await world.PutOnSaleAsync(10);
        var codes = await world.BuyCodesAsync(sale, 3);
        // A signature that does not verify shows that it is not looked at. Whoever can write it into the database could admit without it.
        var (kept, dead) = (await KeepAsync(codes[0]), await KeepAsync(codes[1]));
        Assert.Equal("malformed", await ReasonAsync(sale, kept));   // and leads to nothing being read
        Assert.Equal("ok", await ReasonAsync(sale, codes[2].Code));
        await World.UntilAsync(async () => await ReasonAsync(sale, kept) == "ok");
        Assert.Equal("already_admitted", await ReasonAsync(sale, kept));
        Assert.Equal("already_admitted", await ReasonAsync(sale, codes[0].Code));   // the one with a good signature is the same ticket

        await world.Sql("update tickets.tickets set owner_version = 2 where id = @TicketId", new { codes[1].TicketId });
        Assert.Equal("transferred_code", await ReasonAsync(sale, dead));
        var elsewhere = await world.PutOnSaleAsync(1);
        Assert.Equal("malformed", await ReasonAsync(elsewhere, kept));   // known at its own door only
        Assert.Equal(["malformed", "already_admitted"], (await world.UploadAsync(sale, [new("1", Changed(codes[0].Code), DateTimeOffset.UtcNow), new("2", kept, DateTimeOffset.UtcNow)])).OrderBy(r => r.Key).Select(r => r.Value.Reason));
    }

    private async Task<string> ReasonAsync(Sale sale, string code) => (await (await world.ScanAsync(sale.EventId, code)).ReadAsync()).Text("reason");

    private async Task<string> KeepAsync((Guid TicketId, string Code) ticket)
    {
        var code = Changed(ticket.Code);
        await world.Sql("update tickets.ticket_codes set signature = @signature where ticket_id = @TicketId", new { signature = World.CodeBytes(code)[49..], ticket.TicketId });
        return code;
    }

    private static string Changed(string code) => Base45.Encode([.. World.CodeBytes(code).AsSpan(0, 49), .. RandomNumberGenerator.GetBytes(64)]);
}
