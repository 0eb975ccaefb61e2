using AdmitOne.Platform.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Events.Records;

/// <summary>What happened and who did it, of both services.</summary>
internal static class RecordsFeature
{
    public static void MapRecords(this IEndpointRouteBuilder v1)
    {
        var records = v1.MapGroup("").WithTag("Records", "What happened, in order, and who did it: of both services.");
        ListChanges.Map(records);
        ListAudit.Map(records);
    }
}
