using System.Text;
using System.Text.Json;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Http;

namespace AdmitOne.Platform.Idempotency;

/// <summary>An answer as it was given: status, the headers that say something of it, and its body byte for byte.</summary>
internal sealed record KeptAnswer(int Status, Dictionary<string, string> Headers, string Body)
{
    private static readonly string[] s_headers = ["Content-Type", "Location", "ETag", "Cache-Control"];

    public static KeptAnswer Of(HttpResponse response, byte[] body) => new(response.StatusCode,
        s_headers.Where(response.Headers.ContainsKey).ToDictionary(name => name, name => response.Headers[name].ToString()), Encoding.UTF8.GetString(body));

    /// <summary>What this key was used for before.</summary>
    /// <returns>Null for nothing; a refusal if it was something else, or is not over.</returns>
    public static async Task<(KeptAnswer? Answer, Refusal? Refusal)?> FindAsync(TenantWork work, Guid userId, IdempotencyKey key, CancellationToken cancellationToken)
    {
        var row = await work.FindAsync<Row>("""
            select fingerprint, status, response_status, response_headers::text as response_headers, response_body
              from platform.idempotency_keys where tenant_id = @TenantId and user_id = @userId and route = @Route and key = @Key
            """, new { work.TenantId, userId, key.Route, key.Key }, cancellationToken);
        if (row is null) return null;
        if (!row.Fingerprint.AsSpan().SequenceEqual(key.Fingerprint)) return (null, PlatformProblems.IdempotencyKeyReused.With("Use a new Idempotency-Key for another request."));
        return row.Status == "done"
            ? (new KeptAnswer(row.ResponseStatus!.Value, JsonSerializer.Deserialize<Dictionary<string, string>>(row.ResponseHeaders ?? "{}")!, row.ResponseBody!), null)
            : (null, StillRunning);
    }

    public static Refusal StillRunning { get; } = PlatformProblems.RequestInProgress.With("The first request with this key is not over; ask again shortly.") with { RetryAfterSeconds = 1 };

    /// <summary>The effect was made; its answer was sealed with an INTERNAL_API_KEY that is accepted no more.</summary>
    public static Refusal SealedForGood { get; } = PlatformProblems.IdempotencyKeyReused.With("It was done, but its answer can no longer be shown; make a new secret with a new Idempotency-Key.");

    /// <summary>Gives it once more.</summary>
    public async Task WriteAsync(HttpResponse response, CancellationToken cancellationToken)
    {
        var body = Encoding.UTF8.GetBytes(Body);
        response.StatusCode = Status;
        foreach (var (name, value) in Headers) response.Headers[name] = value;
        if (body.Length > 0 && !Headers.ContainsKey("Content-Type")) response.ContentType = "application/json; charset=utf-8";
        response.Headers["Idempotency-Replayed"] = "true";
        if (body.Length > 0) await response.Body.WriteAsync(body, cancellationToken);
    }

    private sealed class Row
    {
        public byte[] Fingerprint { get; init; } = [];
        public string Status { get; init; } = "";
        public int? ResponseStatus { get; init; }
        public string? ResponseHeaders { get; init; }
        public string? ResponseBody { get; init; }
    }
}
