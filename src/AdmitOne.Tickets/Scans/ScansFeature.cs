using AdmitOne.Platform.Configuration;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Retention;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace AdmitOne.Tickets.Scans;

/// <summary>The door: who is let in, once, with a network and without.</summary>
internal static class ScansFeature
{
    public static void AddScans(this IServiceCollection services)
    {
        services.AddCheckedOptions<ScanOptions, ScanOptionsValidator>();
        services.AddSingleton<ScanMetrics>().AddSingleton<ScanLanes>().AddHostedService(provider => provider.GetRequiredService<ScanLanes>());
        services.AddSweep(new Sweep("scans", "tickets.sweep_scans", kept => kept.ScansDays)).AddSweep(new Sweep("uploads", "tickets.sweep_uploads", kept => kept.ScansDays))
            .AddSweep(new Sweep("texts", "tickets.sweep_texts", kept => kept.ScansDays));
        services.AddSingleton<UnreadableScans>().AddHostedService<UnreadableScansWorker>();
        services.AddSingleton<DoorNumbers>().AddSingleton<DoorStreams>().AddSingleton<DoorPackBounds>();
    }

    public static void MapScans(this IEndpointRouteBuilder v1)
    {
        v1.ServiceProvider.GetRequiredService<ScanMetrics>();   // its counters exist, at 0, from the start
        var scans = v1.MapGroup("/scans").WithTag("Scans", "The door: who is let in, once.").RequireAuthorization(Policies.Door);
        AdmitTicket.Map(scans);
        MergeOfflineScans.Map(scans);
        UndoScan.Map(v1.MapGroup("/scans").WithTags("Scans").RequireAuthorization(Policies.VenueStaff));

        var door = v1.MapGroup("/events/{eventId}").WithTags("Scans").RequireAuthorization(Policies.Door);
        ShowDoor.Map(door);
        GiveDoorPack.Map(door);
        ListConflicts.Map(v1.MapGroup("/events/{eventId}").WithTags("Scans").RequireAuthorization(Policies.VenueStaff));
    }
}
