using System.Text.Json;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Platform.RateLimiting;
using AdmitOne.Tickets.Codes;
using AdmitOne.Tickets.Devices;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace AdmitOne.Tickets.Scans;

/// <summary>What a scanner needs to decide without a network. <c>docs/ticket-codes.md</c> says how a record is found and opened.</summary>
/// <param name="Whole">Replaces what the scanner has; otherwise it is added to that, record by record.</param>
/// <param name="Cursor">For <c>since</c> of the next call.</param>
/// <param name="ServerTime">What the scanner's clock is compared with.</param>
/// <param name="Types">Names of ticket types; a record says which by its place.</param>
/// <param name="Sections">Names of sections, likewise.</param>
/// <param name="Keys">Verify static codes.</param>
/// <param name="Records">Base64, one for each code: the newest of a code counts. 52 bytes; 84 at an event with rotating codes.</param>
public sealed record DoorPack(
    Guid EventId, bool Whole, string Cursor, DateTimeOffset ServerTime, string Status, string CodePolicy, bool ReEntry, DateTimeOffset CheckInFrom, DateTimeOffset CheckInUntil,
    IReadOnlyList<string> Types, IReadOnlyList<string> Sections, IReadOnlyList<TicketKey> Keys, IReadOnlyList<string> Records);

/// <summary>Makes a door pack and streams it: whole, or what has changed since the cursor of another.</summary>
internal static class GiveDoorPack
{
    // A pack goes at the pace of its reader, who holds nothing but a place among the open ones.
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(15);

    private static readonly DoorPack s_example = new(
        ExampleSale.Event, Whole: true, "eyJjbHVzdGVyIjoiNzUzMTQwOTY5NTk4NDM1Mjc3Mi8wMDAwMDAwMSIsInhtaW4iOjc2MSwibGF5b3V0IjoiOWIxYzAyNzQ1ZjNlOGQ2MCJ9",
        ExampleSale.At("2026-11-22T16:00:00Z"), "on_sale", "static", ReEntry: false, ExampleSale.At("2026-11-22T15:00:00Z"), ExampleSale.At("2026-11-22T22:30:00Z"),
        [ExampleSale.TypeName], ["Floor"], [],
        ["c0pKTDUmTrtYhFxLJtcb+1u2dX5H0mYy0yS1E9a0u3Jm1yTn7m2nqv0X5y8Qn1N2k6oZ3Q=="]);

    public static void Map(IEndpointRouteBuilder ofEvent) =>
        ofEvent.MapGet("/door-pack", HandleAsync)
            .WithName("GiveDoorPack").WithSummary("What a scanner needs to decide without a network: whole, or what has changed since another").WithRateTier(RateTier.Read)
            .Produces<DoorPack>().WithAnswerExample(s_example)
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.ValidationFailed, PlatformProblems.TooManyAtOnce, PlatformProblems.Overloaded, DeviceProblems.DeviceRevoked)
            .DisableRequestTimeout();

    private static async Task<IResult> HandleAsync(
        Guid eventId, string? since, AtTheDoor door, HttpContext context, Database database, CodeSeal seal, CodeSigner signer, DoorPackBounds bounds, CancellationToken cancellationToken)
    {
        if (door.Refuse(eventId, gate: null) is { } misplaced) return misplaced;
        DoorPackCursor? from = null;
        if (since is not null && !Platform.Http.Cursor.TryRead(since, out from)) return PlatformProblems.Invalid("/since", "Is no cursor of a door pack.");
        var callerId = door.Device?.Id ?? door.UserId ?? Guid.Empty;
        var (call, tooMany) = bounds.Open(door.TenantId, callerId);
        if (call is null) return tooMany!;
        using var open = call;

        await using var access = door.Watch(context);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(access.Ends);
        ends.CancelAfter(s_longest);
        var (first, refusal) = await StartAsync(eventId, from, door, database, seal, cancellationToken);
        if (first is not { } pack) return refusal!;
        var records = new DoorPackRecords(database.Look(door.TenantId), pack.Event, seal);
        var (page, busy) = await ReadAsync(Guid.Empty);
        if (page is null) return busy!;

        context.NeverCache();
        context.Response.ContentType = "application/json; charset=utf-8";
        await using var json = new Utf8JsonWriter(context.Response.BodyWriter);
        WriteHead(json, pack, signer);
        Task<(IReadOnlyList<PackRow>? Page, Refusal? Refusal)>? next = null;
        try
        {
            while (true)
            {
                // The next page is read while this one is sealed, and waits for its reader without a connection.
                next = page.Count < DoorPackRecords.TicketsAtOnce ? null : ReadAsync(page[^1].Id);
                foreach (var record in records.Seal(page)) json.WriteBase64StringValue(record);
                json.Flush();
                await context.Response.BodyWriter.FlushAsync(ends.Token);
                if (next is null) break;
                page = (await next).Page;
                if (page is null)
                {
                    context.Abort();   // what has been sent must not look whole
                    return Results.Empty;
                }
            }
        }
        catch (OperationCanceledException) when (ends.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            context.Abort();   // the caller may not have it any more, or its time was over
            return Results.Empty;
        }
        finally
        {
            if (next is not null) await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        await context.Response.BodyWriter.FlushAsync(cancellationToken);
        return Results.Empty;

        async Task<(IReadOnlyList<PackRow>? Page, Refusal? Refusal)> ReadAsync(Guid after)
        {
            var (place, none) = await bounds.EnterAsync(door.TenantId, callerId, ends.Token);
            using (place) return place is null ? (null, none) : (await records.ReadPageAsync(pack.Cursor, pack.Since, after, ends.Token), null);
        }
    }

    private static async Task<(Started? Pack, Refusal? Refusal)> StartAsync(
        Guid eventId, DoorPackCursor? from, AtTheDoor door, Database database, CodeSeal seal, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(door.TenantId, cancellationToken);
        if (await door.RefuseDeviceAsync(work, door.Device?.Id, cancellationToken) is { } revoked) return (null, revoked);
        if (await DoorPackEvent.FindAsync(work, eventId, cancellationToken) is not { } packed) return (null, PlatformProblems.NotFound.With("There is no such event."));
        var cursor = await DoorPackCursor.ReadAsync(work, packed.Layout(seal.KeyIds), cancellationToken);
        return (new Started(packed, cursor, from is not null && cursor.CanContinue(from) ? from.Xmin : null), null);
    }

    private static void WriteHead(Utf8JsonWriter json, Started pack, CodeSigner signer)
    {
        var packed = pack.Event;
        json.WriteStartObject();
        var head = new DoorPack(packed.EventId, pack.Since is null, Platform.Http.Cursor.Write(pack.Cursor), packed.Now, packed.Status, packed.CodePolicy, packed.ReEntry, packed.CheckInFrom, packed.CheckInUntil,
            [.. packed.Types.Select(t => t.Name)], [.. packed.Sections.Select(s => s.Name)], [.. signer.PublicKeys.Select(TicketKey.Of)], []);
        foreach (var property in JsonSerializer.SerializeToElement(head, Json.Answers).EnumerateObject().Where(p => p.Name != "records")) property.WriteTo(json);
        json.WriteStartArray("records");
    }

    /// <param name="Since">Null for a whole pack.</param>
    private sealed record Started(DoorPackEvent Event, DoorPackCursor Cursor, long? Since);
}

/// <summary>Bounds how many packs are open, and how many of their pages are read at once.</summary>
internal sealed class DoorPackBounds(IOptions<ScanOptions> options) : ConcurrencyBounds(new ConcurrencyBound(options.Value.DoorPacksMax, OpenPerTenant, OpenPerCaller), s_longestWait)
{
    private const int OpenPerTenant = 100;   // all scanners of a big house, in the hour before it opens
    private const int OpenPerCaller = 2;
    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(30);
}
