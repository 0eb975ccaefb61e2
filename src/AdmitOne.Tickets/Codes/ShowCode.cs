using System.Globalization;
using System.Text;
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
/// <param name="Kind"><c>static</c>: it may be printed and does not change while the ticket keeps its owner. <c>rotating</c>: it changes each half minute.</param>
/// <param name="ValidUntil">Null: as long as the ticket is good.</param>
/// <param name="RefreshAt">When the next one is due; null: there is no newer one to come.</param>
/// <param name="Rotation">What a phone needs to make the next ones without signal; null for a static code.</param>
public sealed record TicketCode(Guid TicketId, string Code, string Kind, DateTimeOffset? ValidUntil, DateTimeOffset? RefreshAt, CodeRotation? Rotation);

/// <summary>How the owner's phone makes the codes to come; <c>docs/ticket-codes.md</c> says how, with examples.</summary>
/// <param name="Secret">32 bytes, Base64. It is the ticket's as long as this owner has it: nobody else may see it.</param>
public sealed record CodeRotation(string Secret, int PeriodSeconds);

internal static class ShowCode
{
    /// <summary>It was blocked, refunded or cancelled, so there is no code to show.</summary>
    public static readonly ProblemType NotIssued = new("ticket_not_issued", StatusCodes.Status409Conflict, "The ticket does not admit")
    {
        Like = "It is refunded.",
    };

    private const int PixelsPerModule = 8;

    private const string Select = """
        select t.user_id, t.status, t.owner_version, w.code_policy, clock_timestamp() as now, c.carrier, c.signature
          from tickets.tickets t
          left join events.sale_window w on w.tenant_id = t.tenant_id and w.event_id = t.event_id
          left join tickets.ticket_codes c on c.tenant_id = t.tenant_id and c.ticket_id = t.id
         where t.id = @id
        """;

    public static void Map(IEndpointRouteBuilder tickets) =>
        tickets.MapGet("/{id}/qr", HandleAsync)
            .WithName("ShowTicketCode").WithSummary("The code to show at the door, as JSON, PNG or SVG").WithRateTier(RateTier.Read)
            .Produces<TicketCode>()
            .WithAnswerExample(new TicketCode(ExampleSale.Ticket, ExampleSale.Code, "static", ValidUntil: null, RefreshAt: null, Rotation: null), name: "static")
            .WithAnswerExample(new TicketCode(ExampleSale.Ticket, ExampleSale.RotatingCode, "rotating", ExampleSale.At("2026-11-22T18:42:00Z"), ExampleSale.At("2026-11-22T18:41:30Z"),
                new CodeRotation("VFvJUQl2C5w3XSMcqZ2bQ0qk2tbT6gJQ7v8eWb1cU3M=", RotatingCode.PeriodSeconds)), name: "rotating")
            .AlsoAnswers("image/png", "image/svg+xml")
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.NotOwner, NotIssued, PlatformProblems.ValidationFailed);

    private static async Task<IResult> HandleAsync(
        Guid id, string? format, Caller caller, HttpContext context, Database database, TicketCodes codes, CancellationToken cancellationToken)
    {
        // What was sold at the counter has no owner: the box office prints it.
        return await AnswerAsync(caller.TenantId, id, owner => owner is { } user ? user == caller.UserId : caller.IsStaff, format, context, database, codes, cancellationToken);
    }

    /// <param name="mayShow">Whether the code may be shown to the caller if this is the ticket's owner.</param>
    public static async Task<IResult> AnswerAsync(
        Guid tenantId, Guid id, Func<Guid?, bool> mayShow, string? format, HttpContext context, Database database, TicketCodes codes, CancellationToken cancellationToken)
    {
        if (format is not (null or "json" or "png" or "svg")) return PlatformProblems.Invalid("/format", "Must be json, png or svg.");
        if (await database.Look(tenantId).FindAsync<Row>(Select, new { id }, cancellationToken) is not { } ticket) return PlatformProblems.NotFound.With("There is no such ticket.");
        if (!mayShow(ticket.UserId)) return PlatformProblems.NotOwner.With("Only its owner is shown a ticket's code.");
        if (ticket.Status != "issued") return NotIssued.With($"It is {ticket.Status}.");
        var shown = ticket.CodePolicy == "rotating" ? Rotating(tenantId, id, ticket, codes) : await StaticAsync(database, tenantId, id, ticket, codes, cancellationToken);

        context.NeverCache();
        return format switch
        {
            "png" => TypedResults.Bytes(Png(shown.Code), "image/png"),
            "svg" => TypedResults.Text(Svg(shown.Code), "image/svg+xml"),
            _ => TypedResults.Ok(shown),
        };
    }

    private static async Task<TicketCode> StaticAsync(Database database, Guid tenantId, Guid id, Row ticket, TicketCodes codes, CancellationToken cancellationToken) =>
        new(id, await codes.ShowAsync(database, tenantId, new SealedTicket(id, ticket.OwnerVersion, Flags: 0), (ticket.Carrier, ticket.Signature), cancellationToken), "static", ValidUntil: null, RefreshAt: null, Rotation: null);

    private static TicketCode Rotating(Guid tenantId, Guid id, Row ticket, TicketCodes codes)
    {
        var step = RotatingCode.StepAt(ticket.Now);
        var (code, secret) = codes.Rotate(tenantId, new SealedTicket(id, ticket.OwnerVersion, Flags: 0), step);
        return new TicketCode(id, code, "rotating", RotatingCode.Begins(step + 1L + RotatingCode.Tolerance), RotatingCode.Begins(step + 1L),
            new CodeRotation(Convert.ToBase64String(secret), RotatingCode.PeriodSeconds));
    }

    private static byte[] Png(string code)
    {
        using var data = Draw(code);
        using var picture = new PngByteQRCode(data);
        return picture.GetGraphic(PixelsPerModule);
    }

    // A rectangle for each run of dark modules, in pixels: without groups, transforms or a scale, which the simpler readers of SVG do not draw.
    private static string Svg(string code)
    {
        using var data = Draw(code);
        var rows = data.ModuleMatrix;
        var side = rows.Count * PixelsPerModule;
        var svg = new StringBuilder($"""
            <svg xmlns="http://www.w3.org/2000/svg" version="1.1" width="{side}" height="{side}" viewBox="0 0 {side} {side}" shape-rendering="crispEdges"><rect x="0" y="0" width="{side}" height="{side}" fill="#FFFFFF" />
            """);
        for (var y = 0; y < rows.Count; y++)
        {
            for (var x = 0; x < rows.Count; x++)
            {
                if (!rows[y][x]) continue;
                var from = x;
                while (x + 1 < rows.Count && rows[y][x + 1]) x++;
                svg.Append(CultureInfo.InvariantCulture,
                    $"""<rect x="{from * PixelsPerModule}" y="{y * PixelsPerModule}" width="{(x - from + 1) * PixelsPerModule}" height="{PixelsPerModule}" fill="#000000" />""");
            }
        }
        return svg.Append("</svg>").ToString();
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
        public string? CodePolicy { get; init; }
        public DateTimeOffset Now { get; init; }
        public byte[]? Carrier { get; init; }
        public byte[]? Signature { get; init; }
    }
}
