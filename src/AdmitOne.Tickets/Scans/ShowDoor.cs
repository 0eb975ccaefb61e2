using System.Text.Json;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Devices;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace AdmitOne.Tickets.Scans;

/// <summary>The door's numbers, once, or as server-sent events for a page that stays open.</summary>
internal static class ShowDoor
{
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_heartBeat = TimeSpan.FromSeconds(15);

    // The page connects again by itself.
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(15);

    // A reader that takes nothing for so long is gone, or might as well be.
    private static readonly TimeSpan s_longestWrite = TimeSpan.FromSeconds(10);

    private static readonly DateTimeOffset s_minute = ExampleSale.At("2026-11-22T18:41:00Z");

    public static void Map(IEndpointRouteBuilder ofEvent) =>
        ofEvent.MapGet("/door", HandleAsync)
            .WithName("ShowDoor").WithSummary("How many came, how many are inside, at which gate and in which minute; with Accept: text/event-stream, as it changes")
            .WithRateTier(RateTier.Read).Produces<Door>().AlsoAnswers("text/event-stream")
            .WithAnswerExample(new Door(1204, 1187, 4810, 3, [new DoorGate("North 2", 700, 690), new DoorGate("South 1", 504, 497)], [new DoorMinute(s_minute, 61), new DoorMinute(s_minute.AddMinutes(1), 74)]))
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.Overloaded)
            .DisableRequestTimeout();

    private static async Task<IResult> HandleAsync(
        Guid eventId, AtTheDoor door, HttpContext context, DoorNumbers numbers, DoorStreams streams, IHostApplicationLifetime lifetime, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (door.Refuse(eventId, gate: null) is { } misplaced) return misplaced;
        if (await numbers.CountAsync(door.TenantId, eventId, cancellationToken) is not { } first) return PlatformProblems.NotFound.With("There is no such event.");
        context.NeverCache();
        if (!context.Request.GetTypedHeaders().Accept.Any(type => type.MediaType == "text/event-stream")) return TypedResults.Ok(first);

        if (streams.TryOpen(door) is not { } opened)
            return PlatformProblems.Overloaded.With("As many pages are open as this service serves at once, to one organiser, or to one person; ask for the numbers now and then instead.") with { RetryAfterSeconds = 30 };
        using (opened)
        await using (var access = door.Watch(context))
        using (var ends = CancellationTokenSource.CreateLinkedTokenSource(access.Ends, lifetime.ApplicationStopping))
        {
            ends.CancelAfter(s_longest);
            try
            {
                await StreamAsync(context.Response, first, () => numbers.CountAsync(door.TenantId, eventId, ends.Token), clock, ends.Token);
            }
            catch (OperationCanceledException)
            {
                // The reader left or takes nothing, it may not see this any more, its time is over, or the service stops: a stream has no other end.
            }
        }
        return Results.Empty;
    }

    private static async Task StreamAsync(HttpResponse response, Door first, Func<Task<Door?>> countAsync, TimeProvider clock, CancellationToken cancellationToken)
    {
        response.ContentType = "text/event-stream";
        response.Headers["X-Accel-Buffering"] = "no";   // a proxy that collects answers would hold the numbers back
        var told = Text(first);
        await TellAsync(response, told, cancellationToken);
        var toldAt = clock.GetTimestamp();
        while (true)
        {
            await Task.Delay(s_look, clock, cancellationToken);
            if (await countAsync() is not { } now) return;
            var text = Text(now);
            if (text != told) await TellAsync(response, told = text, cancellationToken);
            else if (clock.GetElapsedTime(toldAt) >= s_heartBeat) await WriteAsync(response, ": still here\n\n", cancellationToken);
            else continue;
            toldAt = clock.GetTimestamp();
        }
    }

    private static Task TellAsync(HttpResponse response, string text, CancellationToken cancellationToken) => WriteAsync(response, $"event: door\ndata: {text}\n\n", cancellationToken);

    private static async Task WriteAsync(HttpResponse response, string text, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(s_longestWrite);
        await response.WriteAsync(text, limit.Token);
        await response.Body.FlushAsync(limit.Token);
    }

    private static string Text(Door door) => JsonSerializer.Serialize(door, Json.Answers);
}

/// <summary>Bounds how many pages are open at once, in all, for one organiser and for one caller: each holds a connection and looks once a second.</summary>
internal sealed class DoorStreams(IOptions<ScanOptions> options)
{
    private readonly Lock _one = new();
    private readonly Dictionary<Guid, int> _open = [];   // by tenant, and by person or scanner
    private int _all;

    /// <returns>To be disposed when the page is closed; null if there are too many.</returns>
    public IDisposable? TryOpen(AtTheDoor door)
    {
        var caller = door.UserId ?? door.Device!.Id;
        lock (_one)
        {
            if (_all >= options.Value.DoorStreamsMax || _open.GetValueOrDefault(door.TenantId) >= options.Value.DoorStreamsPerTenant
                || _open.GetValueOrDefault(caller) >= options.Value.DoorStreamsPerCaller) return null;
            Add(door.TenantId, caller, 1);
        }
        return new Opened(this, door.TenantId, caller);
    }

    private void Add(Guid tenantId, Guid caller, int pages)
    {
        _all += pages;
        foreach (var id in (ReadOnlySpan<Guid>)[tenantId, caller])
            if ((_open[id] = _open.GetValueOrDefault(id) + pages) == 0) _open.Remove(id);
    }

    private sealed class Opened(DoorStreams streams, Guid tenantId, Guid caller) : IDisposable
    {
        public void Dispose()
        {
            lock (streams._one) streams.Add(tenantId, caller, -1);
        }
    }
}
