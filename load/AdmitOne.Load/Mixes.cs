using AdmitOne.Cli.Load;

namespace AdmitOne.Load;

/// <summary>What a user does at one of their times. Steps are named by route, as the report shows them.</summary>
internal static class Mixes
{
    public const string Purchase = "POST /purchases";
    public const string Hold = "POST /reservations";
    public const string Scan = "POST /scans";
    public const string Code = "GET /tickets/{id}/qr";
    public const string Health = "GET /health, /health/ready";

    /// <summary>Sixty in a hundred browse, twenty hold and buy, fifteen look at their tickets and a code, five scan.</summary>
    public static async Task TicketsAsync(LoadStage stage, LoadClient client, Random random, double at)
    {
        var api = stage.Run.Tickets[0] + "/api/v1";
        var sale = stage.Wished(random);
        switch (random.Next(100))
        {
            case < 45:
                await client.SendAsync(new Call("GET /events/{id}/availability", HttpMethod.Get, $"{api}/events/{sale.EventId}/availability", stage.NextBuyer(), Reads: false), at);
                break;
            case < 60:
                await client.SendAsync(new Call("GET /events/{id}/ticket-types", HttpMethod.Get, $"{api}/events/{sale.EventId}/ticket-types", stage.NextBuyer(), Reads: false), at);
                break;
            case < 80:
                await BuyAsync(stage, client, api, sale, at);
                break;
            case < 95:
                await LookAsync(stage, client, api, at);
                break;
            default:
                await ScanAsync(stage, client, api, at);
                break;
        }
    }

    /// <summary>The catalogue as a visitor walks through it.</summary>
    public static async Task EventsAsync(LoadStage stage, LoadClient client, Random random, double at)
    {
        var api = stage.Run.Events + "/api/v1";
        var theEvent = $"{api}/events/{stage.Wished(random).EventId}";
        var (step, url) = random.Next(100) switch
        {
            < 45 => ("GET /events/{id}", theEvent),
            < 70 => ("GET /events", api + "/events?limit=20"),
            < 80 => ("GET /events?q=", $"{api}/events?q=evening&limit=10"),
            < 88 => ("GET /events/{id}/sections", theEvent + "/sections"),
            < 94 => ("GET /events/{id}/schedule", theEvent + "/schedule"),
            < 97 => ("GET /events/{id}/calendar.ics", theEvent + "/calendar.ics"),
            _ => ("GET /categories", api + "/categories"),
        };
        await client.SendAsync(new Call(step, HttpMethod.Get, url, stage.NextBuyer(), Reads: false), at);
    }

    public static async Task BuyAsync(LoadStage stage, LoadClient client, string api, OnSale sale, double at)
    {
        var buyer = stage.NextBuyer();
        var hold = await client.SendAsync(new Call(Hold, HttpMethod.Post, api + "/reservations", buyer,
            $$"""{"eventId":"{{sale.EventId}}","items":[{"ticketTypeId":"{{sale.TicketTypeId}}","quantity":1}]}"""), at);
        if (!hold.IsFine) return;
        var paid = await client.SendAsync(new Call(Purchase, HttpMethod.Post, api + "/purchases", buyer,
            $$$"""{"reservationId":"{{{hold.Body.GetProperty("id").GetGuid()}}}","payment":{"method":"test","token":"tok_ok"}}""", Guid.CreateVersion7().ToString()));
        if (paid is { IsFine: true, Status: 201 }) stage.Sold(sale.EventId, buyer, paid.Body);
    }

    private static async Task LookAsync(LoadStage stage, LoadClient client, string api, double at)
    {
        if (!stage.Bought.TryDequeue(out var ticket))
        {
            await client.SendAsync(new Call("GET /tickets", HttpMethod.Get, api + "/tickets", stage.NextBuyer(), Reads: false), at);
            return;
        }
        await client.SendAsync(new Call("GET /tickets", HttpMethod.Get, api + "/tickets", ticket.Token, Reads: false), at);
        var shown = await client.SendAsync(new Call(Code, HttpMethod.Get, $"{api}/tickets/{ticket.TicketId}/qr", ticket.Token));
        if (shown.IsFine) stage.Shown.Enqueue(new ShownCode(ticket.EventId, shown.Body.GetProperty("code").GetString()!));
    }

    private static async Task ScanAsync(LoadStage stage, LoadClient client, string api, double at)
    {
        // Before the first code was shown there is nothing to scan; a text that is no code costs the door a look as well.
        var code = stage.Shown.TryDequeue(out var shown) ? shown : new ShownCode(stage.Sales[0].EventId, "NO CODE OF OURS");
        await client.SendAsync(new Call(Scan, HttpMethod.Post, api + "/scans", stage.NextScanner(),
            $$"""{"eventId":"{{code.EventId}}","code":"{{code.Code}}","gate":"A","direction":"in"}""", Reads: false), at);
    }
}
