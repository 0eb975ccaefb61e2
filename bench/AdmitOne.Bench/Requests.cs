using System.Globalization;
using System.Text;
using AdmitOne.Cli.Local;
using AdmitOne.Tickets.Codes;
using Microsoft.Extensions.Options;

namespace AdmitOne.Bench;

/// <summary>The bytes that a load sends, made beforehand: making them is not what is measured.</summary>
internal sealed class Requests(Stage stage)
{
    private const string KeyPlaceholder = "bench-0000000000000000";
    private const int Gates = 32;

    /// <summary>For each buyer, a request that holds one ticket; one type after the other where there are several.</summary>
    public Asked Holds(Sale sale)
    {
        var bodies = sale.TicketTypeIds.Select(type => $$"""{"eventId":"{{sale.EventId}}","items":[{"ticketTypeId":"{{type}}","quantity":1}]}""").ToArray();
        var requests = Enumerable.Range(0, Stage.Buyers).Select(n => Post("/api/v1/reservations", stage.BuyerToken(n), "", bodies[n % bodies.Length])).ToArray();
        return new Asked(stage.TicketsUrl, n => requests[n % Stage.Buyers], 201);
    }

    /// <summary>For each buyer, a request that buys one ticket in one step. Its idempotency key is new each time it is asked for.</summary>
    public Asked Purchases(Sale sale)
    {
        var body = $$$"""{"eventId":"{{{sale.EventId}}}","items":[{"ticketTypeId":"{{{sale.TicketTypeIds[0]}}}","quantity":1}],"payment":{"method":"test","token":"tok_ok"}}""";
        var requests = Enumerable.Range(0, Stage.Buyers).Select(n => Post("/api/v1/purchases", stage.BuyerToken(n), $"Idempotency-Key: {KeyPlaceholder}\r\n", body)).ToArray();
        // The headers before the key are the same in every request, and so is its place.
        var place = requests[0].AsSpan().IndexOf("bench-"u8) + "bench-".Length;
        var run = (ulong)Random.Shared.Next() << 32;
        return new Asked(stage.TicketsUrl, n =>
        {
            // No buyer has two requests on the way at once: there are more buyers than connections.
            var request = requests[n % Stage.Buyers];
            (run + (ulong)n).TryFormat(request.AsSpan(place), out _, "x16", CultureInfo.InvariantCulture);
            return request;
        }, 201);
    }

    /// <summary>Each ticket's code at a gate, once. The codes are made with the keys of the service that opens them, and kept as it keeps those it has shown.</summary>
    public async Task<Asked> ScansAsync(Sale sale, IReadOnlyList<Guid> tickets)
    {
        var options = Options.Create(new CodeOptions { Key = LocalSecrets.Read(stage.Folder, "QR_ENCRYPTION_KEY"), SigningKey = LocalSecrets.Read(stage.Folder, "CODE_SIGNING_KEY") });
        var seal = new CodeSeal(options);
        using var signer = new CodeSigner(options);
        var shown = tickets.Select(ticket => seal.Seal(stage.Tenant, new SealedTicket(ticket, OwnerVersion: 1, Flags: 0))).Select(carrier => (Carrier: carrier, Signature: signer.Sign(carrier))).ToList();
        await SoldBefore.ShowAsync(stage, tickets, shown);
        var requests = shown.Select((code, n) => Post("/api/v1/scans", stage.StaffToken(n % Gates), "",
            $$"""{"code":"{{Base45.Encode([.. code.Carrier, .. code.Signature])}}","eventId":"{{sale.EventId}}","gate":"Gate {{n % Gates}}"}""")).ToArray();
        return new Asked(stage.TicketsUrl, n => requests[n], 200, "\"result\":\"admitted\""u8.ToArray());
    }

    /// <summary>One address, by anybody.</summary>
    public static Asked Page(Uri service, string path) => Page(service, [path]);

    /// <summary>One address after the other, by anybody.</summary>
    public static Asked Page(Uri service, IReadOnlyList<string> paths)
    {
        var requests = paths.Select(path => Get(service, path, "")).ToArray();
        return new Asked(service, n => requests[n % requests.Length], 200);
    }

    /// <summary>Each buyer's own tickets.</summary>
    public Asked MyTickets()
    {
        var requests = Enumerable.Range(0, Stage.Buyers).Select(n => Get(stage.TicketsUrl, "/api/v1/tickets", $"Authorization: Bearer {stage.BuyerToken(n)}\r\n")).ToArray();
        return new Asked(stage.TicketsUrl, n => requests[n % Stage.Buyers], 200);
    }

    private static byte[] Get(Uri service, string path, string more) => Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: {service.Authority}\r\n{more}\r\n");

    private byte[] Post(string path, string token, string more, string body) => Encoding.ASCII.GetBytes(
        $"POST {path} HTTP/1.1\r\nHost: {stage.TicketsUrl.Authority}\r\n{more}Authorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}");
}
