using System.ComponentModel.DataAnnotations;
using AdmitOne.Platform.Hosting;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Problems;
using Dapper;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Configuration;
using Npgsql;

namespace AdmitOne.Neighbours;

/// <summary>Keeps venues and how many people they hold, for those who have no venue service of their own.</summary>
public static class VenuesNeighbour
{
    private const string Tables = """
        create table if not exists neighbours.venues (
            id           uuid        not null constraint venues_pkey primary key,
            tenant_id    uuid        not null,
            name         text        not null,
            address      text        not null,
            time_zone    text        not null,
            max_capacity integer     not null constraint venues_max_capacity_positive check (max_capacity > 0),
            created_at   timestamptz not null default clock_timestamp()
        );
        """;

    private static readonly ServiceDefinition s_definition = NeighbourHost.Define("venues", "AdmitOne venues neighbour", 3002);

    public static WebApplication Build(IConfiguration configuration) => NeighbourHost.Build(s_definition, configuration, Tables, _ => { }, (v1, _) =>
    {
        var venues = v1.MapGroup("/venues").WithTags("Venues");
        venues.MapGet("/", ListAsync).AllowAnonymous().WithName("ListVenues").WithSummary("All venues, oldest first").WithRateTier(RateTier.Read);
        venues.MapGet("/{id}", FindAsync).AllowAnonymous().WithName("GetVenue").WithSummary("One venue").WithRateTier(RateTier.Read)
            .MayRefuseWith(PlatformProblems.NotFound);
        venues.MapPost("/", AddAsync).RequireAuthorization(Policies.VenueManager).WithName("AddVenue").WithSummary("Add a venue").WithRateTier(RateTier.Write);
    });

    private static async Task<Results<Ok<Page<Venue>>, Refusal>> ListAsync(
        NpgsqlDataSource source, [Range(1, Paging.MaxLimit)] int limit = Paging.DefaultLimit, string? cursor = null, CancellationToken cancellationToken = default)
    {
        var after = Guid.Empty;
        if (cursor is not null && !Cursor.TryRead(cursor, out after)) return PlatformProblems.Invalid("/cursor", "It was not given by this list.");

        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        // A UUIDv7 grows with time, so the id alone is the order.
        var rows = (await connection.QueryAsync<Venue>(new CommandDefinition("""
            select id, tenant_id, name, address, time_zone, max_capacity from neighbours.venues where id > @after order by id limit @take
            """, new { after, take = limit + 1 }, cancellationToken: cancellationToken))).AsList();
        return TypedResults.Ok(Paging.Make(rows, limit, venue => venue, venue => venue.Id));
    }

    private static async Task<Results<Ok<Venue>, Refusal>> FindAsync(Guid id, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        var venue = await connection.QuerySingleOrDefaultAsync<Venue>(new CommandDefinition(
            "select id, tenant_id, name, address, time_zone, max_capacity from neighbours.venues where id = @id", new { id }, cancellationToken: cancellationToken));
        return venue is null ? PlatformProblems.NotFound.With($"There is no venue {id}.") : TypedResults.Ok(venue);
    }

    private static async Task<Results<Created<Venue>, Refusal>> AddAsync(NewVenue request, Caller caller, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(request.TimeZone, out var zone) || !zone.HasIanaId)
            return PlatformProblems.Invalid("/timeZone", "Use a zone of the IANA database, such as Europe/Berlin.");

        var venue = new Venue(Guid.CreateVersion7(), caller.TenantId, request.Name, request.Address, request.TimeZone, request.MaxCapacity);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition("""
            insert into neighbours.venues (id, tenant_id, name, address, time_zone, max_capacity)
            values (@Id, @TenantId, @Name, @Address, @TimeZone, @MaxCapacity)
            """, venue, cancellationToken: cancellationToken));
        return TypedResults.Created($"/api/v1/venues/{venue.Id}", venue);
    }
}

public sealed record NewVenue
{
    [PlainText(200)]
    public required string Name { get; init; }

    [PlainText(500)]
    public required string Address { get; init; }

    /// <summary>An IANA name, such as <c>Europe/Berlin</c>.</summary>
    [StringLength(64, MinimumLength = 1)]
    public required string TimeZone { get; init; }

    /// <summary>How many people may be inside at once.</summary>
    [Range(1, 1_000_000)]
    public required int MaxCapacity { get; init; }
}

public sealed record Venue(Guid Id, Guid TenantId, string Name, string Address, string TimeZone, int MaxCapacity);
