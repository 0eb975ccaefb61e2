using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;
using AdmitOne.Platform.Hosting;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Outbound;
using AdmitOne.Platform.Problems;
using Dapper;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Configuration;
using Npgsql;

namespace AdmitOne.Neighbours;

/// <summary>Takes mint jobs from the Ticket Service and keeps them, for those who have no minting service of their own.</summary>
public static class MintingNeighbour
{
    private const string Tables = """
        create table if not exists neighbours.mint_jobs (
            id          uuid        not null constraint mint_jobs_pkey primary key,
            tenant_id   uuid        not null,
            ticket_id   uuid        not null,
            details     jsonb       not null,
            accepted_at timestamptz not null default clock_timestamp()
        );
        """;

    private static readonly ServiceDefinition s_definition = NeighbourHost.Define("minting", "AdmitOne minting neighbour", 3018);

    public static WebApplication Build(IConfiguration configuration) => NeighbourHost.Build(s_definition, configuration, Tables, _ => { }, (_, app) =>
        app.MapPost("/internal/mint", AcceptAsync).RequireSignedCall("ticket-service").WithTags("Minting")
            .WithName("AcceptMintJobs").WithSummary("Accept mint jobs; a repeated one is accepted and changes nothing").WithRateTier(RateTier.Webhook)
            .MayRefuseWith(PlatformProblems.BadSignature, PlatformProblems.StaleTimestamp, PlatformProblems.NonceReused));

    private static async Task<Results<Accepted<AcceptedJobs>, Refusal>> AcceptAsync(
        MintJobs request, [FromHeader(Name = ServiceSignature.TenantHeader)] Guid tenant, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition("""
            insert into neighbours.mint_jobs (id, tenant_id, ticket_id, details)
            select job.id, @tenant, job.ticket_id, job.details::jsonb
              from unnest(@ids::uuid[], @tickets::uuid[], @details::text[]) as job (id, ticket_id, details)
                on conflict (id) do nothing
            """,
            new
            {
                tenant,
                ids = request.Jobs.Select(job => job.JobId).ToArray(),
                tickets = request.Jobs.Select(job => job.TicketId).ToArray(),
                details = request.Jobs.Select(job => JsonSerializer.Serialize(job.Details, Json.Answers)).ToArray(),
            }, cancellationToken: cancellationToken));
        return TypedResults.Accepted((string?)null, new AcceptedJobs(request.Jobs.Count));
    }
}

public sealed record MintJobs
{
    [Length(1, 100)]
    public required IReadOnlyList<MintJob> Jobs { get; init; }
}

public sealed record MintJob
{
    public required Guid JobId { get; init; }

    public required Guid TicketId { get; init; }

    /// <summary>Whatever else the caller says about the ticket; kept as it came.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement> Details { get; init; } = new Dictionary<string, JsonElement>();
}

/// <param name="Accepted">How many jobs of this call are kept now, those of earlier calls included.</param>
public sealed record AcceptedJobs(int Accepted);
