using AdmitOne.Platform.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Events.Schedule;

internal static class ScheduleFeature
{
    public static void MapSchedule(this IEndpointRouteBuilder v1)
    {
        var ofEvent = v1.MapGroup("/events/{eventId}/schedule").WithTag("Schedule", "The occurrences of an event: doors, start and end of each.");
        ListSchedule.Map(ofEvent);
        AddScheduleEntry.Map(ofEvent);

        var schedule = v1.MapGroup("/schedule/{id}").WithTags("Schedule");
        ChangeScheduleEntry.Map(schedule);
        RemoveScheduleEntry.Map(schedule);
    }
}
