using System.Collections.Immutable;
using System.Security.Cryptography;
using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Idempotency;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Outbound;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace AdmitOne.Tickets.Webhooks;

internal static class AddEndpoint
{
    private const int MaxEndpoints = 20;
    private const int MaxTypeLength = 100;

    public static void Map(IEndpointRouteBuilder endpoints) =>
        endpoints.MapPost("/", HandleAsync)
            .WithName("AddWebhookEndpoint").WithSummary("Be told what happens from now on; the answer has the secret, once").WithRateTier(RateTier.Write).AnswersWithASecret()
            .WithRequestExample(WebhookExamples.New).WithAnswerExample(WebhookExamples.Made).WithEntityTag();

    /// <returns>48 random bytes would be more than HMAC-SHA256 can use: 32, as Standard Webhooks write a secret.</returns>
    public static string NewSecret() => "whsec_" + Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    public static Refusal? Refuse(WebhookEndpointBody body, OutgoingWebhookOptions options)
    {
        var errors = ImmutableArray.CreateBuilder<ValidationError>();
        var isOurs = options.AllowLoopback && Uri.TryCreate(body.Url, UriKind.Absolute, out var url) && url.IsLoopback && url.Scheme is "http" or "https";
        if (!isOurs && !PublicAddresses.IsPublicHttps(body.Url)) errors.Add(new ValidationError("/url", "Must be an https address on a public host."));
        for (var i = 0; i < body.Types.Count; i++)
            if (body.Types[i].Length is 0 or > MaxTypeLength || body.Types[i].Any(c => !(char.IsAsciiLetterLower(c) || c is '.' or '_'))) errors.Add(new ValidationError($"/types/{i}", "Is no type of a message."));
        return errors.Count == 0 ? null : PlatformProblems.ValidationFailed.With($"{errors[0].Pointer}: {errors[0].Message}") with { Errors = errors.ToImmutable() };
    }

    private static async Task<Results<Created<WebhookEndpoint>, Refusal>> HandleAsync(
        WebhookEndpointBody body, Caller caller, Actor actor, HttpContext context, Database database, SecretSeal seal, IOptions<OutgoingWebhookOptions> options, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (Refuse(body, options.Value) is { } invalid) return invalid;
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        if (await work.FindAsync<int>("select count(*)::int from tickets.webhook_endpoints", null, cancellationToken) >= MaxEndpoints)
            return PlatformProblems.Invalid("/url", $"There are {MaxEndpoints} endpoints already, which is the most.");

        var (id, secret) = (Guid.CreateVersion7(clock.GetUtcNow()), NewSecret());
        await work.ExecuteAsync("insert into tickets.webhook_endpoints (tenant_id, id, url, types, enabled, secret, sealed_with) values (@TenantId, @id, @Url, @types, @Enabled, @secret, @KeyId)",
            new { caller.TenantId, id, body.Url, types = body.Types.ToArray(), body.Enabled, secret = seal.Seal(secret, EndpointSecrets.Of(caller.TenantId, id)), seal.KeyId }, cancellationToken);
        var made = (await EndpointRow.FindAsync(work, id, cancellationToken))!;
        await work.AuditAsync(actor, new AuditEntry("webhook_endpoint.create", "webhook_endpoint", id, null, made.Answer()), cancellationToken);
        await work.CommitAsync(cancellationToken);
        EntityTag.Set(context, made.Version);
        context.NeverCache();
        return TypedResults.Created($"/api/v1/webhook-endpoints/{id}", made.Answer(secret));
    }
}
