using System.ComponentModel.DataAnnotations;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Devices;

internal static class ListDevices
{
    public static void Map(IEndpointRouteBuilder devices)
    {
        devices.MapGet("/", HandleAsync)
            .WithName("ListDevices").WithSummary("The organiser's scanners, newest first").WithRateTier(RateTier.Read)
            .WithAnswerExample(RouteExamples.OnePage(DeviceExamples.Active))
            .MayRefuseWith(PlatformProblems.ValidationFailed);
        devices.MapGet("/{id}", FindAsync)
            .WithName("FindDevice").WithSummary("One scanner").WithRateTier(RateTier.Read)
            .WithAnswerExample(DeviceExamples.Active)
            .MayRefuseWith(PlatformProblems.NotFound);
    }

    private static async Task<Results<Ok<Page<Device>>, Refusal>> HandleAsync(
        Guid? eventId, [Range(1, Paging.MaxLimit)] int? limit, string? cursor, Caller caller, HttpContext context, Database database, CancellationToken cancellationToken)
    {
        NewestFirst? after = null;
        if (cursor is not null && !Cursor.TryRead(cursor, out after)) return PlatformProblems.Invalid("/cursor", "Was not made by this list.");
        var size = limit ?? Paging.DefaultLimit;
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        var rows = await work.QueryAsync<DeviceRow>($"""
            {DeviceRow.Select}
             where true{Where.And(eventId is not null, "event_id = @eventId")}{Where.And(after is not null, "(created_at, id) < (@At, @Id)")}
             order by created_at desc, id desc limit @size + 1
            """, new { eventId, after?.At, after?.Id, size }, cancellationToken);
        context.NeverCache();
        return TypedResults.Ok(Paging.Make(rows, size, row => row.Answer(), row => new NewestFirst(row.CreatedAt, row.Id)));
    }

    private static async Task<Results<Ok<Device>, Refusal>> FindAsync(Guid id, Caller caller, HttpContext context, Database database, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        context.NeverCache();
        return await DeviceRow.FindAsync(work, id, cancellationToken) is { } device ? TypedResults.Ok(device.Answer()) : PlatformProblems.NotFound.With("There is no such scanner.");
    }
}
