using System.Net;
using AdmitOne.IntegrationTests.Harness;

namespace AdmitOne.IntegrationTests.Door;

/// <summary>What five scanners without a network did with the same tickets, and what has to come of it.</summary>
internal sealed class OfflineDrill
{
    private enum Fate { None, Transferred, Refunded, BlockedForAWhile, AdmittedOnline }

    private readonly World _world;
    private readonly List<(Guid TicketId, string Code, Fate Fate)> _tickets = [];

    private OfflineDrill(World world, Sale sale) => (_world, Sale) = (world, sale);

    public Sale Sale { get; }

    public IReadOnlyList<Scanner> Scanners { get; private set; } = [];

    /// <summary>By scanner.</summary>
    public IReadOnlyList<List<OfflineScanMade>> Made { get; private set; } = [];

    /// <summary>Where each ticket was let in, by ticket.</summary>
    public Dictionary<Guid, string?> ExpectedGates { get; } = [];

    /// <summary>As <see cref="Told"/> says them.</summary>
    public List<string> ExpectedConflicts { get; } = [];

    public static string Told(DoorConflict c) => $"{c.TicketId} {c.Kind} {c.TicketStatus} {c.First} {c.Second}";

    public static async Task<OfflineDrill> PrepareAsync(World world, int tickets)
    {
        var drill = new OfflineDrill(world, await world.PutOnSaleAsync(tickets));
        drill.Scanners = await Task.WhenAll(Enumerable.Range(0, 5).Select(n => world.ActivateScannerAsync(drill.Sale, $"gate {n}")));
        drill.Made = [.. drill.Scanners.Select(_ => new List<OfflineScanMade>())];
        var start = TimeProvider.System.GetUtcNow().AddMinutes(-90);
        start = start.AddTicks(-(start.Ticks % TimeSpan.TicksPerSecond));
        for (var bought = 0; bought < tickets; bought += 10) await drill.BuyAsync(Math.Min(10, tickets - bought), start);
        await world.AgeTicketsAsync(drill.Sale, TimeSpan.FromHours(3));
        return drill;
    }

    /// <summary>Forgets every scan, and lets in online what is let in online before anybody uploads.</summary>
    public async Task BeginAgainAsync()
    {
        await _world.Sql("""
            delete from tickets.scan_conflicts where event_id = @EventId; delete from tickets.admissions where event_id = @EventId;
            delete from tickets.ticket_validations where event_id = @EventId; delete from tickets.offline_scans where event_id = @EventId
            """, new { Sale.EventId });
        foreach (var (_, code, _) in _tickets.Where(t => t.Fate == Fate.AdmittedOnline))
            Assert.Equal("admitted", (await (await _world.ScanAsync(Sale.EventId, code, "online")).ReadAsync()).Text("result"));
    }

    private async Task BuyAsync(int quantity, DateTimeOffset start)
    {
        var order = await _world.BoughtAsync(Sale, quantity);
        foreach (var ticketId in order.Tickets)
        {
            var t = _tickets.Count;
            var (code, fate) = (await _world.CodeAsync(ticketId, order.Buyer), (Fate)(t % 5));
            _tickets.Add((ticketId, code, fate));
            // Scanner n meets ticket t in its own round; the last one's clock is 5 minutes fast.
            var scans = Enumerable.Range(0, 5).Select(n => (Scanner: n, Scan: new OfflineScanMade($"{n}-{t}", code, start.AddSeconds((t * 7) + ((n + t) % 5)).AddMinutes(n == 4 ? 5 : 0), $"gate {n}"))).ToList();
            foreach (var (scanner, scan) in scans) Made[scanner].Add(scan);
            var inOrder = scans.Select(s => s.Scan).OrderBy(s => s.ScannedAt).ToList();
            var status = await ChangeAsync(order, ticketId, fate, [.. inOrder.Select(s => s.ScannedAt)], t);
            Expect(ticketId, fate, status, [.. inOrder.Select(s => s.Gate!)]);
        }
    }

    // The change is made now and dated back to just after a scan.
    private async Task<string> ChangeAsync(Bought order, Guid ticketId, Fate fate, DateTimeOffset[] scans, int t)
    {
        var justAfter = TimeSpan.FromMilliseconds(500);
        switch (fate)
        {
            case Fate.Transferred:
                var owner = Guid.CreateVersion7();
                await _world.GiveAsync(ticketId, order.Buyer, owner);
                await DateBackAsync(ticketId, scans[1] + justAfter);
                Made[0].Add(new OfflineScanMade($"new-{t}", await _world.CodeAsync(ticketId, owner), scans[4].AddMinutes(20), "gate 0"));
                return "issued";
            case Fate.Refunded:
                await (await _world.RefundAsync(order, [ticketId], Platform.Identity.Roles.VenueManager)).ReadAsync(HttpStatusCode.Created);
                await DateBackAsync(ticketId, scans[1] + justAfter);
                return "refunded";
            case Fate.BlockedForAWhile:
                await (await _world.BlockAsync(ticketId)).ReadAsync();
                await DateBackAsync(ticketId, scans[1] + justAfter);
                await (await _world.BlockAsync(ticketId, "unblock")).ReadAsync();
                await DateBackAsync(ticketId, scans[2] + justAfter);
                return "issued";
            default:
                return "issued";
        }
    }

    private Task<int> DateBackAsync(Guid ticketId, DateTimeOffset at) => _world.Sql("""
        update tickets.ticket_changes c set at = @at where c.ticket_id = @ticketId and c.at = (select max(l.at) from tickets.ticket_changes l where l.ticket_id = @ticketId)
        """, new { ticketId, at });

    // Whoever is first by time, and the gate that was online above all; everybody else is named beside them, whether refused or beaten.
    private void Expect(Guid ticketId, Fate fate, string status, IReadOnlyList<string> gates)
    {
        var first = fate == Fate.AdmittedOnline ? "online" : gates[0];
        ExpectedGates[ticketId] = first;
        var others = fate == Fate.AdmittedOnline ? gates : [.. gates.Skip(1)];
        if (fate == Fate.Transferred) others = [.. others, "gate 0"];
        ExpectedConflicts.AddRange(others.Select(other => $"{ticketId} admitted_twice {status} {first} {other}"));
    }
}
