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
        Assert.Equal(["sent 3: 1 accepted, 1 refused, 1 conflict", "pack:"], [synced.Lines[0], synced.Lines[1][..5]]);
        Assert.Equal("sent 0: nothing was waiting", (await RunAsync(folder, "sync")).Lines[0]);
        await SaysAsync(folder, 1, "refused refunded", "--offline", codes[2].Code);
        await SaysAsync(folder, 0, "admitted", "--offline", unknown);
        Assert.Equal(3, await world.Ask<int>("select count(*)::int from tickets.admissions where event_id = @EventId", new { sale.EventId }));
        Assert.Equal(1, await world.Ask<int>("select count(*)::int from tickets.scan_conflicts where event_id = @EventId", new { sale.EventId }));
    }

    private static async Task SaysAsync(TemporaryFolder folder, int exitCode, string begins, params string[] arguments)
    {
        var run = await RunAsync(folder, arguments);
        Assert.True(run.ExitCode == exitCode && run.Lines.All(line => line.StartsWith(begins, StringComparison.Ordinal)), $"{run.ExitCode}: {run.Output}{run.Errors}");
    }

    private static Task<CommandRun> RunAsync(TemporaryFolder folder, params string[] arguments) => CommandRun.StartAsync([], ["scan", .. arguments, "--folder", folder.Path]);
}
