using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Transfers;

internal static class FindTransfer
{
    public static void Map(IEndpointRouteBuilder transfers) =>
        transfers.MapGet("/{id}", HandleAsync)
            .WithName("FindTransfer").WithSummary("One transfer, for its sender, its recipient or a manager").WithRateTier(RateTier.Read)
            .WithAnswerExample(TransferExamples.Received)
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.NotOwner);

    private static async Task<Results<Ok<Transfer>, Refusal>> HandleAsync(Guid id, Caller caller, HttpContext context, Database database, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        if (await work.FindAsync<TransferRow>($"{TransferRow.Select} where f.id = @id", new { id }, cancellationToken) is not { } transfer) return OpenOffer.NoSuch;
        if (!transfer.IsFrom(caller) && !transfer.IsFor(caller) && !caller.IsManager) return PlatformProblems.NotOwner.With("The transfer is between others.");
        context.NeverCache();
        return TypedResults.Ok(transfer.Answer(caller));
    }
}
