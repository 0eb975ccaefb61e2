using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using QRCoder;

namespace AdmitOne.Tickets.Codes;

/// <summary>The code to show now.</summary>
/// <param name="Kind"><c>static</c>: it may be printed and does not change while the ticket keeps its owner.</param>
/// <param name="ValidUntil">Null: as long as the ticket is good.</param>
/// <param name="RefreshAt">Null: there is no newer one to come.</param>
public sealed record TicketCode(Guid TicketId, string Code, string Kind, DateTimeOffset? ValidUntil, DateTimeOffset? RefreshAt);

internal static class ShowCode
{
    /// <summary>It was blocked, refunded or cancelled, so there is no code to show.</summary>
    private static readonly ProblemType s_notIssued = new("ticket_not_issued", StatusCodes.Status409Conflict, "The ticket does not admit")
    {
        Like = "It is refunded.",
    };

    private const int PixelsPerModule = 8;

    public static void Map(IEndpointRouteBuilder tickets) =>
        tickets.MapGet("/{id}/qr", HandleAsync)
            .WithName("ShowTicketCode").WithSummary("The code to show at the door, as JSON, PNG or SVG").WithRateTier(RateTier.Read)
            .Produces<TicketCode>().WithAnswerExample(new TicketCode(ExampleSale.Ticket, ExampleSale.Code, "static", ValidUntil: null, RefreshAt: null))
            .AlsoAnswers("image/png", "image/svg+xml")
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.NotOwner, s_notIssued, PlatformProblems.ValidationFailed);

    private static async Task<IResult> HandleAsync(
        Guid id, string? format, Caller caller, HttpContext context, Database database, TicketCodes codes, CancellationToken cancellationToken)
    {
        if (format is not (null or "json" or "png" or "svg")) return PlatformProblems.Invalid("/format", "Must be json, png or svg.");
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        if (await work.FindAsync<Row>("select user_id, status, owner_version from tickets.tickets where id = @id", new { id }, cancellationToken) is not { } ticket)
            return PlatformProblems.NotFound.With("There is no such ticket.");
        // What was sold at the counter has no owner: the box office prints it.
        if (ticket.UserId is { } owner ? owner != caller.UserId : !caller.IsStaff) return PlatformProblems.NotOwner.With("Only its owner is shown a ticket's code.");
        if (ticket.Status != "issued") return s_notIssued.With($"It is {ticket.Status}.");
        var code = await codes.ShowAsync(work, caller.TenantId, new SealedTicket(id, ticket.OwnerVersion, Flags: 0), cancellationToken);
        await work.CommitAsync(cancellationToken);

        context.NeverCache();
        return format switch
        {
            "png" => TypedResults.Bytes(Png(code), "image/png"),
            "svg" => TypedResults.Text(Svg(code), "image/svg+xml"),
            _ => TypedResults.Ok(new TicketCode(id, code, "static", ValidUntil: null, RefreshAt: null)),
        };
    }

    private static byte[] Png(string code)
    {
        using var data = Draw(code);
        using var picture = new PngByteQRCode(data);
        return picture.GetGraphic(PixelsPerModule);
    }

    private static string Svg(string code)
    {
        using var data = Draw(code);
        using var picture = new SvgQRCode(data);
        return picture.GetGraphic(PixelsPerModule);
    }

    private static QRCodeData Draw(string code)
    {
        using var generator = new QRCodeGenerator();
        return generator.CreateQrCode(code, QRCodeGenerator.ECCLevel.M);
    }

    private sealed class Row
    {
        public Guid? UserId { get; init; }
        public string Status { get; init; } = "";
        public short OwnerVersion { get; init; }
    }
}
