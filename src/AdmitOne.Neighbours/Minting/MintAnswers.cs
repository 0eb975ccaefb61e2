using System.Security.Cryptography;
using System.Text.Json;
using AdmitOne.Platform.Configuration;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Webhooks;
using AdmitOne.Platform.Workers;
using Dapper;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace AdmitOne.Neighbours;

/// <summary>Sends the answers that are due, as signed webhooks. One that is not taken is sent again, with the id it had.</summary>
internal sealed class MintAnswers(
    NpgsqlDataSource source, CurrentManners manners, IHttpClientFactory clients, IOptions<MintingNeighbourOptions> options, IOptions<ServiceOptions> service, TimeProvider clock, ILogger<MintAnswers> logger)
    : PeriodicWorker(TimeSpan.FromMilliseconds(50), clock, logger)
{
    private const int AnswersAtOnce = 200;
    private const int CallsAtOnce = 4;

    private readonly TimeProvider _clock = clock;

    protected override async Task StepAsync(CancellationToken cancellationToken)
    {
        if ((manners.Now.AnswerTo ?? options.Value.TicketServiceUrl) is not { Length: > 0 } url) return;
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        var due = (await connection.QueryAsync<Due>(new CommandDefinition("""
            select id, kind, result, answers, token_id from neighbours.mint_jobs where answers_left > 0 and answer_after <= clock_timestamp() order by answer_after limit @AnswersAtOnce
            """, new { AnswersAtOnce }, cancellationToken: cancellationToken))).AsList();
        await Parallel.ForEachAsync(due, new ParallelOptions { MaxDegreeOfParallelism = CallsAtOnce, CancellationToken = cancellationToken },
            async (job, cancel) => await AnswerAsync(new Uri(url.TrimEnd('/') + "/api/v1/webhooks/minting"), job, cancel));
    }

    private async Task AnswerAsync(Uri url, Due job, CancellationToken cancellationToken)
    {
        var taken = await TrySendAsync(url, job, cancellationToken);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(taken
            ? "update neighbours.mint_jobs set answers = answers + 1, answers_left = answers_left - 1, answer_after = clock_timestamp() + @delay where id = @Id and answers = @Answers"
            : "update neighbours.mint_jobs set answer_after = clock_timestamp() + interval '1 second' where id = @Id and answers = @Answers",
            new { job.Id, job.Answers, delay = TimeSpan.FromMilliseconds(manners.Now.DelayMs) }, cancellationToken: cancellationToken));
    }

    private async Task<bool> TrySendAsync(Uri url, Due job, CancellationToken cancellationToken)
    {
        var now = _clock.GetUtcNow();
        var failed = job.Result == "failed";
        var body = JsonSerializer.SerializeToUtf8Bytes(new
        {
            type = failed ? "token.failed" : job.Kind switch { "mint" => "token.minted", "transfer" => "token.transferred", _ => "token.burned" },
            timestamp = now,
            data = failed
                ? new Dictionary<string, object?> { ["jobId"] = job.Id, ["reason"] = "It was told to fail." }
                : new() { ["jobId"] = job.Id, ["tokenId"] = job.TokenId, ["transactionId"] = Transaction(job.Id) },
        }, Json.Answers);
        var (id, timestamp) = ($"mint_{job.Id:n}_{job.Answers + 1}", now.ToUnixTimeSeconds());
        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(body) { Headers = { ContentType = new("application/json") } } };
        request.Headers.TryAddWithoutValidation(StandardWebhook.IdHeader, id);
        request.Headers.TryAddWithoutValidation(StandardWebhook.TimestampHeader, timestamp.ToString(System.Globalization.CultureInfo.InvariantCulture));
        request.Headers.TryAddWithoutValidation(StandardWebhook.SignatureHeader, StandardWebhook.Sign(service.Value.MintingWebhookSecret is { Length: > 0 } own ? own : service.Value.InternalWebhookSecret, id, timestamp, body));
        try
        {
            using var client = clients.CreateClient();
            using var answer = await client.SendAsync(request, cancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    // What a chain would have made of it: always the same for the same job.
    private static string Transaction(Guid job) => Convert.ToHexStringLower(SHA256.HashData(job.ToByteArray(bigEndian: true)).AsSpan(0, 16));

    private sealed class Due
    {
        public Guid Id { get; init; }
        public string Kind { get; init; } = "";
        public string Result { get; init; } = "";
        public int Answers { get; init; }
        public string? TokenId { get; init; }
    }
}
