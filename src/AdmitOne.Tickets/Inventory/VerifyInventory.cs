using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Reports;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Npgsql;

namespace AdmitOne.Tickets.Inventory;

internal static class VerifyInventory
{
    public static void Map(IEndpointRouteBuilder admin) =>
        admin.MapGet("/inventory/verify", HandleAsync)
            .WithName("VerifyInventory").WithSummary("Recount the tenant's stock, tickets, admissions and money from their rows").WithRateTier(RateTier.Admin)
            .WithAnswerExample(InventoryReport.Of(types: 12, problems: [])).MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.TooManyAtOnce, PlatformProblems.Overloaded)
            .DisableRequestTimeout();

    private static async Task<Results<Ok<InventoryReport>, Refusal>> HandleAsync(Guid? eventId, Caller caller, HttpContext context, NpgsqlDataSource source, ReportBounds bounds, CancellationToken cancellationToken)
    {
        var (call, tooMany) = bounds.Open(caller.TenantId, caller.UserId);
        if (call is null) return tooMany!;
        using var open = call;
        var (types, problems) = (0, new List<InventoryProblem>());
        foreach (var id in eventId is { } one ? [one] : await InventoryCheck.ListEventsAsync(source, caller.TenantId, Database.LongestReport, cancellationToken))
        {
            var (place, busy) = await bounds.EnterAsync(caller.TenantId, caller.UserId, cancellationToken);
            if (place is null) return busy!;
            using var held = place;
            var found = await InventoryCheck.CheckEventAsync(source, caller.TenantId, id, Database.LongestReport, cancellationToken);
            types += found.Types;
            problems.AddRange(found.Problems);
        }
        context.NeverCache();
        return eventId is not null && types == 0 && problems.Count == 0
            ? PlatformProblems.NotFound.With("There is no such event with ticket types.")
            : TypedResults.Ok(InventoryReport.Of(types, problems));
    }
}
