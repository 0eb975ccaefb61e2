using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;
using AdmitOne.Platform.Configuration;
using AdmitOne.Platform.Hosting;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Outbound;
using AdmitOne.Platform.Problems;
using Dapper;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AdmitOne.Neighbours;

/// <summary>
/// Takes mint jobs from the Ticket Service, keeps them and answers each by a signed webhook, for those who have no minting service of their own. It makes
/// numbers, not tokens on a chain; on command it answers late, twice, out of order or never.
/// </summary>
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
        create sequence if not exists neighbours.tokens;
        alter table neighbours.mint_jobs add column if not exists number bigint not null generated always as identity;
        alter table neighbours.mint_jobs add column if not exists kind text not null default 'mint';
        alter table neighbours.mint_jobs add column if not exists token_id text;
        alter table neighbours.mint_jobs add column if not exists result text not null default 'done';
        alter table neighbours.mint_jobs add column if not exists asked int not null default 1;
        alter table neighbours.mint_jobs add column if not exists batch int not null default 1;
        alter table neighbours.mint_jobs add column if not exists answers int not null default 0;
        alter table neighbours.mint_jobs add column if not exists answers_left int not null default 0;
        alter table neighbours.mint_jobs add column if not exists answer_after timestamptz not null default clock_timestamp();
        create index if not exists ix_mint_jobs_due on neighbours.mint_jobs (answer_after) where answers_left > 0;
        """;

    private static readonly ServiceDefinition s_definition = NeighbourHost.Define("minting", "AdmitOne minting neighbour", 3018);

    public static WebApplication Build(IConfiguration configuration) => NeighbourHost.Build(s_definition, configuration, Tables,
        services =>
        {
            services.AddCheckedOptions<MintingNeighbourOptions, MintingNeighbourOptionsAnnotations>();
            services.AddHttpClient();
            services.AddSingleton<CurrentManners>().AddHostedService<MintAnswers>();
        },
        (v1, app) =>
        {
            app.MapPost("/internal/mint", AcceptAsync).RequireSignedCall("ticket-service").WithTags("Minting")
                .WithName("AcceptMintJobs").WithSummary("Accept mint jobs; a repeated one changes nothing and is answered again").WithRateTier(RateTier.Webhook)
                .MayRefuseWith(PlatformProblems.BadSignature, PlatformProblems.StaleTimestamp, PlatformProblems.NonceReused, PlatformProblems.DependencyUnavailable);
            v1.MapPut("/manners", (MintManners request, CurrentManners manners) =>
                {
                    manners.Now = request;
                    return TypedResults.Ok(request);
                })
                .RequireAuthorization(Policies.AdminOrOps).WithTags("Minting")
                .WithName("SetMintManners").WithSummary("Answer late, twice, out of order or never from now on").WithRateTier(RateTier.Admin);
        });

    private static async Task<Results<Accepted<AcceptedJobs>, Refusal>> AcceptAsync(
        MintJobs request, [FromHeader(Name = ServiceSignature.TenantHeader)] Guid tenant, CurrentManners manners, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        var now = manners.Now;
        if (now.Away) return PlatformProblems.DependencyUnavailable.With("It was told to be away.");
        if (request.Jobs.Any(job => job.TicketId == now.Refuse)) return PlatformProblems.Invalid("/jobs", "It was told to refuse this ticket.");
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition("""
            insert into neighbours.mint_jobs as kept (id, tenant_id, ticket_id, kind, details, token_id, result, batch, answers_left, answer_after)
            select job.id, @tenant, job.ticket_id, job.kind, job.details::jsonb, coalesce(job.token_id, nextval('neighbours.tokens')::text), @result, @batch, @left, clock_timestamp() + job.wait
              from unnest(@ids::uuid[], @tickets::uuid[], @kinds::text[], @details::text[], @tokens::text[], @waits::interval[]) as job (id, ticket_id, kind, details, token_id, wait)
                on conflict (id) do update set asked = kept.asked + 1, result = case when kept.result = 'done' and kept.answers > 0 then 'done' else excluded.result end,
                   answers_left = greatest(kept.answers_left, excluded.answers_left), answer_after = excluded.answer_after
            """,
            new
            {
                tenant,
                batch = request.Jobs.Count,
                result = now.Answers == "failed" ? "failed" : "done",
                left = now.Answers switch { "never" => 0, "twice" => 2, _ => 1 },
                ids = request.Jobs.Select(job => job.JobId).ToArray(),
                tickets = request.Jobs.Select(job => job.TicketId).ToArray(),
                kinds = request.Jobs.Select(job => job.Kind).ToArray(),
                details = request.Jobs.Select(job => JsonSerializer.Serialize(job.Details, Json.Answers)).ToArray(),
                tokens = request.Jobs.Select(job => job.TokenId).ToArray(),
                waits = request.Jobs.Select(_ => Wait(now)).ToArray(),
            }, cancellationToken: cancellationToken));
        if (now.LoseEvery > 0)
        {
            await connection.ExecuteAsync(new CommandDefinition("update neighbours.mint_jobs set answers_left = 0 where id = any (@ids) and asked = 1 and number % @LoseEvery = 0",
                new { ids = request.Jobs.Select(job => job.JobId).ToArray(), now.LoseEvery }, cancellationToken: cancellationToken));
        }
        return TypedResults.Accepted((string?)null, new AcceptedJobs(request.Jobs.Count));
    }

    private static TimeSpan Wait(MintManners now) => now.Answers switch
    {
        "late" => TimeSpan.FromMilliseconds(now.DelayMs),
        "shuffled" => TimeSpan.FromMilliseconds(Random.Shared.Next(now.DelayMs + 1)),
        _ => TimeSpan.Zero,
    };
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

    /// <summary><c>mint</c>, <c>transfer</c> or <c>burn</c>.</summary>
    [AllowedValues("mint", "transfer", "burn", ErrorMessage = "Must be mint, transfer or burn.")]
    public string Kind { get; init; } = "mint";

    /// <summary>The token that is to be transferred or burned.</summary>
    [StringLength(200)]
    public string? TokenId { get; init; }

    /// <summary>Whatever else the caller says about the ticket; kept as it came.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement> Details { get; init; } = new Dictionary<string, JsonElement>();
}

/// <param name="Accepted">How many jobs of this call are kept now, those of earlier calls included.</param>
public sealed record AcceptedJobs(int Accepted);
