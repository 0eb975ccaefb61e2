using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using AdmitOne.Platform.Identity;
using AdmitOne.Tickets.Codes;

namespace AdmitOne.IntegrationTests.Harness;

/// <summary>A scanner that has been activated.</summary>
public sealed record Scanner(Guid Id, string Credential);

/// <summary>What is done at the door.</summary>
public partial class World
{
    /// <summary>Registers a scanner and gives its one-time code.</summary>
    public async Task<(Guid Id, string Code)> InviteScannerAsync(Sale? sale = null, params string[] gates)
    {
        using var manager = Tickets(Roles.VenueManager, tenant: sale?.Tenant);
        var invited = await manager.MakeAsync("/api/v1/devices", sale is null ? new { name = "Scanner", gates } : new { name = "Scanner", eventId = sale.EventId, gates });
        return (invited.Id(), invited.Text("activationCode"));
    }

    public async Task<Scanner> ActivateScannerAsync(Sale? sale = null, params string[] gates)
    {
        var (id, code) = await InviteScannerAsync(sale, gates);
        using var nobody = Tickets();
        using var answer = await nobody.PostAsync("/api/v1/devices/activate", new { code });
        return new Scanner(id, (await answer.ReadAsync()).Text("credential"));
    }

    /// <summary>A client that shows the scanner's credential.</summary>
    public HttpClient As(Scanner scanner, Uri? replica = null)
    {
        ArgumentNullException.ThrowIfNull(scanner);
        var client = Client(replica ?? TicketsUrl);
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Device", scanner.Credential);
        return client;
    }

    /// <summary>What a code's text carries.</summary>
    public static byte[] CodeBytes(string code)
    {
        var bytes = new byte[TicketCodes.StaticBytes];
        Assert.True(Base45.TryDecode(code, bytes, out var length));
        return bytes[..length];
    }

    /// <summary>Lets the tickets of a sale have been bought so long ago: nothing counts that was scanned before.</summary>
    public Task<int> AgeTicketsAsync(Sale sale, TimeSpan by)
    {
        ArgumentNullException.ThrowIfNull(sale);
        return Sql("update tickets.tickets set created_at = created_at - @by where event_id = @EventId", new { sale.EventId, by });
    }

    /// <summary>All conflicts at the door of an event, page by page.</summary>
    public async Task<List<DoorConflict>> ConflictsAsync(Sale sale, int pageSize = 100)
    {
        ArgumentNullException.ThrowIfNull(sale);
        using var staff = Tickets(Roles.VenueStaff, tenant: sale.Tenant);
        var found = new List<DoorConflict>();
        for (string? cursor = ""; cursor is not null;)
        {
            var page = await staff.GetJsonAsync($"/api/v1/events/{sale.EventId}/scan-conflicts?limit={pageSize}" + (cursor.Length == 0 ? "" : $"&cursor={cursor}"));
            found.AddRange(page.Items().Select(c => new DoorConflict(c.Id("ticketId"), c.Text("kind"), c.Text("ticketStatus"), c.GetProperty("first").Text("gate"),
                c.GetProperty("second").ValueKind == JsonValueKind.Null ? null : c.GetProperty("second").Text("gate"), string.Join(' ', c.Items("changes").Select(change => change.Text("change"))))));
            cursor = page.GetProperty("nextCursor").GetString();
        }
        return found;
    }

    /// <summary>Uploads scans that were made offline, and gives what came of each by its id.</summary>
    public async Task<Dictionary<string, (string Outcome, string Reason)>> UploadAsync(
        Sale sale, IEnumerable<OfflineScanMade> scans, Scanner? scanner = null, Uri? replica = null, Guid? staff = null)
    {
        ArgumentNullException.ThrowIfNull(sale);
        using var client = scanner is null ? Client(replica ?? TicketsUrl, Roles.VenueStaff, staff, sale.Tenant) : As(scanner, replica);
        using var answer = await client.PostAsJsonAsync("/api/v1/scans/batch", new { eventId = sale.EventId, scans }, JsonSerializerOptions.Web, Cancellation);
        return (await answer.ReadAsync(HttpStatusCode.OK)).Items("results").DistinctBy(r => r.Text("id")).ToDictionary(r => r.Text("id"), r => (r.Text("outcome"), r.Text("reason")));
    }
}

/// <summary>A conflict as the list shows it: the gates of its scans, and what happened to the ticket in between.</summary>
public sealed record DoorConflict(Guid TicketId, string Kind, string TicketStatus, string First, string? Second, string Changes);

/// <summary>One scan that a device made without a network.</summary>
public sealed record OfflineScanMade(string Id, string Code, DateTimeOffset ScannedAt, string? Gate = null, string Direction = "in");
