using System.Text.Json.Nodes;
using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Idempotency;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace AdmitOne.Tickets.Webhooks;

internal static class ChangeEndpoint
{
    public static void Map(IEndpointRouteBuilder endpoints) =>
        endpoints.MapPatch("/{id}", HandleAsync)
            .WithName("ChangeWebhookEndpoint").WithSummary("Edit an endpoint, or turn it on again (merge patch, If-Match)").WithRateTier(RateTier.Write)
            .Accepts<WebhookEndpointBody>("application/merge-patch+json", "application/json")
            .WithRequestExample(new Dictionary<string, object> { ["enabled"] = true }).WithAnswerExample(WebhookExamples.Kept with { Version = 2 }).WithEntityTag()
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.IfMatchRequired, PlatformProblems.VersionMismatch);

    private static async Task<Results<Ok<WebhookEndpoint>, Refusal>> HandleAsync(
        Guid id, JsonObject patch, Caller caller, Actor actor, HttpContext context, Database database, MergePatch merge, IOptions<OutgoingWebhookOptions> options, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        if (await EndpointRow.FindAsync(work, id, cancellationToken) is not { } before) return WebhookProblems.NoEndpoint;
        if (EntityTag.Refuse(context, before.Version) is { } stale) return stale;
        var (after, invalid) = await merge.ApplyAsync(before.Body(), patch, cancellationToken);
        if (after is null) return invalid!;
        if (AddEndpoint.Refuse(after, options.Value) is { } refused) return refused;
        var changed = await work.ExecuteAsync("""
            update tickets.webhook_endpoints set url = @Url, types = @types, enabled = @Enabled, disabled_because = case when @Enabled then null else disabled_because end,
                   version = version + 1, updated_at = clock_timestamp()
             where id = @id and version = @Version
            """, new { id, before.Version, after.Url, types = after.Types.ToArray(), after.Enabled }, cancellationToken);
        if (changed == 0) return PlatformProblems.VersionMismatch.With("Somebody else changed it just now; read it again and repeat your change.");
        var answer = (await EndpointRow.FindAsync(work, id, cancellationToken))!.Answer();
        await work.AuditAsync(actor, new AuditEntry("webhook_endpoint.change", "webhook_endpoint", id, before.Answer(), answer), cancellationToken);
        await work.CommitAsync(cancellationToken);
        EntityTag.Set(context, answer.Version);
        return TypedResults.Ok(answer);
    }
}

internal static class RemoveEndpoint
{
    public static void Map(IEndpointRouteBuilder endpoints) =>
        endpoints.MapDelete("/{id}", HandleAsync)
            .WithName("RemoveWebhookEndpoint").WithSummary("Remove an endpoint and what waits for it (If-Match)").WithRateTier(RateTier.Write)
            .MayRefuseWith(PlatformProblems.NotFound, PlatformProblems.IfMatchRequired, PlatformProblems.VersionMismatch);

    private static async Task<Results<NoContent, Refusal>> HandleAsync(Guid id, Caller caller, Actor actor, HttpContext context, Database database, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        if (await EndpointRow.FindAsync(work, id, cancellationToken) is not { } found) return WebhookProblems.NoEndpoint;
        if (EntityTag.Refuse(context, found.Version) is { } stale) return stale;
        await work.ExecuteAsync("delete from tickets.webhook_endpoints where id = @id", new { id }, cancellationToken);
        await work.AuditAsync(actor, new AuditEntry("webhook_endpoint.remove", "webhook_endpoint", id, found.Answer(), null), cancellationToken);
        await work.CommitAsync(cancellationToken);
        return TypedResults.NoContent();
    }
}

internal static class RotateSecret
{
    public static void Map(IEndpointRouteBuilder endpoints) =>
        endpoints.MapPost("/{id}/rotate-secret", HandleAsync)
            .WithName("RotateWebhookSecret").WithSummary("A new secret; for a day webhooks are signed with both").WithRateTier(RateTier.Write).AnswersWithASecret()
            .WithAnswerExample(WebhookExamples.Made with { Version = 2 }).WithEntityTag().MayRefuseWith(PlatformProblems.NotFound);

    private static async Task<Results<Ok<WebhookEndpoint>, Refusal>> HandleAsync(Guid id, Caller caller, Actor actor, HttpContext context, Database database, SecretSeal seal, CancellationToken cancellationToken)
    {
        var secret = AddEndpoint.NewSecret();
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        var changed = await work.ExecuteAsync("""
            update tickets.webhook_endpoints set secret_previous = secret, secret_previous_until = clock_timestamp() + interval '1 day', secret = @secret,
                   sealed_with = case when sealed_with = @KeyId then @KeyId end, version = version + 1, updated_at = clock_timestamp()
             where id = @id
            """, new { id, secret = seal.Seal(secret, EndpointSecrets.Of(caller.TenantId, id)), seal.KeyId }, cancellationToken);
        if (changed == 0) return WebhookProblems.NoEndpoint;
        var answer = (await EndpointRow.FindAsync(work, id, cancellationToken))!;
        await work.AuditAsync(actor, new AuditEntry("webhook_endpoint.rotate_secret", "webhook_endpoint", id, null, null), cancellationToken);
        await work.CommitAsync(cancellationToken);
        EntityTag.Set(context, answer.Version);
        context.NeverCache();
        return TypedResults.Ok(answer.Answer(secret));
    }
}
