using AdmitOne.IntegrationTests.Harness;
using AdmitOne.IntegrationTests.Local;

namespace AdmitOne.IntegrationTests.Door;

/// <summary>The scanner that comes with AdmitOne, as a person uses it: with a network, without, and when it is back.</summary>
public sealed class ScanCommandTests(World world) : IClassFixture<World>
{
    [Fact]
    public async Task It_is_activated_takes_a_pack_goes_offline_and_sends_what_it_did()
    {
        var sale = await world.PutOnSaleAsync(10);
        var codes = await world.BuyCodesAsync(sale, 4);
        using var folder = new TemporaryFolder();
        var (_, code) = await world.InviteScannerAsync(sale, "North 2");
        var activated = await RunAsync(folder, "activate", "--url", world.TicketsUrl.ToString(), code);
        Assert.True(activated.ExitCode == 0, activated.Errors);
        Assert.Equal("pack: whole, 4 codes", (await RunAsync(folder, "pack")).Lines[0]);

        await SaysAsync(folder, 0, "admitted: General admission · Floor", codes[0].Code);
        // Without a network it knows what it let in with one, and what it lets in now, also after it was switched off in the middle of a line.
        await SaysAsync(folder, 1, "refused already_admitted", "--offline", codes[0].Code);
        await SaysAsync(folder, 0, "admitted: General admission · Floor", "--offline", codes[1].Code);
        await File.AppendAllTextAsync(Path.Combine(folder.Path, "scans.jsonl"), "{\"id\":\"0199", TestContext.Current.CancellationToken);
        await SaysAsync(folder, 1, "refused already_admitted", "--offline", codes[1].Code);
        await SaysAsync(folder, 1, "refused malformed", "--offline", codes[2].Code[..^1] + (codes[2].Code[^1] == '0' ? '1' : '0'));
        await SaysAsync(folder, 1, "refused malformed", "--offline", "hello");
        await SaysAsync(folder, 1, "refused not_inside", "--offline", "--out", codes[2].Code);
        var unknown = (await world.BuyCodesAsync(sale))[0].Code;
        await SaysAsync(folder, 1, "refused unknown_ticket", "--offline", unknown);

        // Meanwhile a ticket is refunded and another gate lets one in: the pack of before cannot know.
        await world.Sql("update tickets.tickets set status = 'refunded' where id = @TicketId", new { codes[2].TicketId });
        await (await world.ScanAsync(sale.EventId, codes[3].Code, "South")).ReadAsync();
        await SaysAsync(folder, 0, "admitted", "--offline", codes[2].Code, codes[3].Code);
        var synced = await RunAsync(folder, "sync");
        // A machine so slow that the first scan was not answered in time sends it again here.
        Assert.Matches("^sent (3: |4: 1 duplicate, )1 accepted, 1 refused, 1 conflict$", synced.Lines[0]);
        Assert.StartsWith("pack:", synced.Lines[1], StringComparison.Ordinal);
        // It says who is inside and should perhaps not be.
        Assert.Equal(1, synced.ExitCode);
        foreach (var said in new[] { "refused refunded: ", "conflict already_admitted: ", "2 to look at", $"/api/v1/events/{sale.EventId}/scan-conflicts" }) Assert.Contains(said, synced.Errors, StringComparison.Ordinal);
        var again = await RunAsync(folder, "sync");
        Assert.Equal((0, "sent 0: nothing was waiting"), (again.ExitCode, again.Lines[0]));
        await SaysAsync(folder, 1, "refused refunded", "--offline", codes[2].Code);
        await SaysAsync(folder, 0, "admitted", "--offline", unknown);
        Assert.Equal(3, await world.Ask<int>("select count(*)::int from tickets.admissions where event_id = @EventId", new { sale.EventId }));
        Assert.Equal([("admitted_twice", codes[3].TicketId), ("not_counted", codes[2].TicketId)], (await world.ConflictsAsync(sale)).Select(c => (c.Kind, c.TicketId)).Order());
    }

    [Fact]
    public async Task It_takes_off_what_hand_scanners_send_and_lets_nobody_in_again_before_it_has_sent_what_it_let_in()
    {
        var sale = await world.PutOnSaleAsync(10);
        var codes = await world.BuyCodesAsync(sale, 3);
        using var folder = new TemporaryFolder();
        var (_, code) = await world.InviteScannerAsync(sale, "North 2");
        await RunAsync(folder, "activate", "--url", world.TicketsUrl.ToString(), code);
        await RunAsync(folder, "pack");

        await SaysAsync(folder, 0, "admitted", "--offline", $"]Q1{codes[0].Code} ");
        await SaysAsync(folder, 1, "refused already_admitted", "--offline", $"\uFEFF{codes[0].Code}\t");
        await SaysAsync(folder, 0, "admitted", $"{codes[1].Code}\r\n");
        await SaysAsync(folder, 1, "refused already_admitted", "--offline", codes[1].Code);
        await SaysAsync(folder, 1, "refused malformed", " ");

        // The network is back, and the service does not know of the first one yet.
        await SaysAsync(folder, 1, "refused already_admitted", codes[0].Code);
        var synced = await RunAsync(folder, "sync");
        Assert.Equal((0, "sent 1: 1 accepted"), (synced.ExitCode, synced.Lines[0]));
        await SaysAsync(folder, 1, "refused already_admitted", codes[0].Code);
        Assert.Empty(await world.ConflictsAsync(sale));

        // Let in by the pack, and refunded before it is sent.
        await SaysAsync(folder, 0, "admitted", "--offline", codes[2].Code);
        await world.Sql("update tickets.tickets set status = 'refunded' where id = @TicketId", new { codes[2].TicketId });
        synced = await RunAsync(folder, "sync");
        Assert.Equal((1, "sent 1: 1 accepted"), (synced.ExitCode, synced.Lines[0]));
        Assert.Contains("accepted, refunded since: ", synced.Errors, StringComparison.Ordinal);
        Assert.Equal("changed_since", Assert.Single(await world.ConflictsAsync(sale)).Kind);
    }

    private static async Task SaysAsync(TemporaryFolder folder, int exitCode, string begins, params string[] arguments)
    {
        var run = await RunAsync(folder, arguments);
        Assert.True(run.ExitCode == exitCode && run.Lines.All(line => line.StartsWith(begins, StringComparison.Ordinal)), $"{run.ExitCode}: {run.Output}{run.Errors}");
    }

    private static Task<CommandRun> RunAsync(TemporaryFolder folder, params string[] arguments) => CommandRun.StartAsync([], ["scan", .. arguments, "--folder", folder.Path]);
}
