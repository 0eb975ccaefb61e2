using AdmitOne.Platform.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Events.Sections;

internal static class SectionsFeature
{
    public static void MapSections(this IEndpointRouteBuilder v1)
    {
        var ofEvent = v1.MapGroup("/events/{eventId}/sections").WithTag("Sections", "Parts of the venue, and how many people each takes.");
        ListSections.Map(ofEvent);
        AddSection.Map(ofEvent);

        var sections = v1.MapGroup("/sections/{id}").WithTags("Sections");
        ChangeSection.Map(sections);
        RemoveSection.Map(sections);
    }
}
