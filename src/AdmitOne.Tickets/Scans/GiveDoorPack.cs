using System.Text.Json;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
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
    public const int RowsAtOnce = 2_000;

    // The snapshot that it reads holds back the cleaning of the busiest rows.
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(2);

    private static readonly DoorPack s_example = new(
        ExampleSale.Event, Whole: true, "eyJjbHVzdGVyIjoiNzUzMTQwOTY5NTk4NDM1Mjc3Mi8wMDAwMDAwMSIsInhtaW4iOjc2MSwibGF5b3V0IjoiOWIxYzAyNzQ1ZjNlOGQ2MCJ9",
        ExampleSale.At("2026-11-22T16:00:00Z"), "on_sale", "static", ReEntry: false, ExampleSale.At("2026-11-22T15:00:00Z"), ExampleSale.At("2026-11-22T22:30:00Z"),
        [ExampleSale.TypeName], ["Floor"], [],
        ["c0pKTDUmTrtYhFxLJtcb+1u2dX5H0mYy0yS1E9a0u3Jm1yTn7m2nqv0X5y8Qn1N2k6oZ3Q=="]);

    public static void Map(IEndpointRouteBuilder ofEvent) =>
        ofEvent.MapGet("/door-pack", HandleAsync)
            .WithName("GiveDoorPack").WithSummary("What a scanner needs to decide without a network: whole, or what has changed since another").WithRateTier(RateTier.Read)
            .Produces<DoorPack>().WithAnswerExample(s_example)
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.ValidationFailed, PlatformProblems.Overloaded, DeviceProblems.DeviceRevoked)
            .DisableRequestTimeout();

    private static async Task<IResult> HandleAsync(
        Guid eventId, string? since, AtTheDoor door, HttpContext context, Database database, CodeSeal seal, CodeSigner signer, DoorPackDesk desk, CancellationToken cancellationToken)
    {
        if (door.Refuse(eventId, gate: null) is { } misplaced) return misplaced;
        DoorPackCursor? from = null;
        if (since is not null && !Platform.Http.Cursor.TryRead(since, out from)) return PlatformProblems.Invalid("/since", "Is no cursor of a door pack.");
        using var place = await desk.EnterAsync(cancellationToken);
        if (place is null) return PlatformProblems.Overloaded.With("Too many packs are being made; try again in a moment.") with { RetryAfterSeconds = 5 };

        await using var work = await database.BeginAsync(door.TenantId, cancellationToken);
        if (await door.RefuseDeviceAsync(work, door.Device?.Id, cancellationToken) is { } revoked) return revoked;
        if (await DoorPackEvent.FindAsync(work, eventId, cancellationToken) is not { } packed) return PlatformProblems.NotFound.With("There is no such event.");
        var cursor = await DoorPackCursor.ReadAsync(work, packed.Layout(seal.KeyIds), cancellationToken);
        var whole = from is null || !cursor.CanContinue(from);

        context.NeverCache();
        context.Response.ContentType = "application/json; charset=utf-8";
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        ends.CancelAfter(s_longest);
        await using var json = new Utf8JsonWriter(context.Response.BodyWriter);
        WriteHead(json, packed, cursor, whole, signer);
        var records = new DoorPackRecords(work, packed, seal, door.TenantId);
        await foreach (var batch in records.ReadAsync(cursor, whole ? null : from!.Xmin, ends.Token))
        {
            foreach (var record in batch) json.WriteBase64StringValue(record);
            json.Flush();
            await context.Response.BodyWriter.FlushAsync(ends.Token);
        }
        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        await context.Response.BodyWriter.FlushAsync(ends.Token);
        return Results.Empty;
    }

    private static void WriteHead(Utf8JsonWriter json, DoorPackEvent packed, DoorPackCursor cursor, bool whole, CodeSigner signer)
    {
        json.WriteStartObject();
        var head = new DoorPack(packed.EventId, whole, Platform.Http.Cursor.Write(cursor), packed.Now, packed.Status, packed.CodePolicy, packed.ReEntry, packed.CheckInFrom, packed.CheckInUntil,
            [.. packed.Types.Select(t => t.Name)], [.. packed.Sections.Select(s => s.Name)], [.. signer.PublicKeys.Select(TicketKey.Of)], []);
        foreach (var property in JsonSerializer.SerializeToElement(head, Json.Answers).EnumerateObject().Where(p => p.Name != "records")) property.WriteTo(json);
        json.WriteStartArray("records");
    }
}

/// <summary>Bounds how many packs are made at once: each holds a connection for as long as its reader takes.</summary>
internal sealed class DoorPackDesk(IOptions<ScanOptions> options) : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _places = new(options.Value.DoorPacksMax);

    /// <returns>Null if none has become free in time.</returns>
    public async Task<IDisposable?> EnterAsync(CancellationToken cancellationToken) => await _places.WaitAsync(s_patience, cancellationToken) ? new Place(_places) : null;

    public void Dispose() => _places.Dispose();

    private sealed class Place(SemaphoreSlim places) : IDisposable
    {
        public void Dispose() => places.Release();
    }
}
