using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Npgsql;

namespace AdmitOne.Tickets.Inventory;

internal static class VerifyInventory
{
    // What an event may take of a database that sells; `admitone verify` has longer.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    public static void Map(IEndpointRouteBuilder admin) =>
        admin.MapGet("/inventory/verify", HandleAsync)
            .WithName("VerifyInventory").WithSummary("Recount the tenant's stock, tickets, admissions and money from their rows").WithRateTier(RateTier.Admin)
            .WithAnswerExample(InventoryReport.Of(types: 12, problems: [])).MayRefuseWith(PlatformProblems.NotFound);

    private static async Task<Results<Ok<InventoryReport>, Refusal>> HandleAsync(Guid? eventId, Caller caller, HttpContext context, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        var report = await InventoryCheck.RunAsync(source, caller.TenantId, eventId, s_patience, cancellationToken);
        context.NeverCache();
        return eventId is not null && report is { Types: 0, Problems.Count: 0 } ? PlatformProblems.NotFound.With("There is no such event with ticket types.") : TypedResults.Ok(report);
    }
}
