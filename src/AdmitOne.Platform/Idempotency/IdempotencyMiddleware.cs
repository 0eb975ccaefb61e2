using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Platform.Idempotency;

/// <summary>
/// Does once what is sent twice. It reads the key and takes the request's fingerprint before the body is bound, answers a repeated request
/// with what was kept, and lets the others through one by one: their effect and their answer are committed together (<see cref="KeyedWork"/>).
/// </summary>
internal sealed class IdempotencyMiddleware(RequestDelegate next, Database database, RunningRequests running, AnswerSeal seal)
{
    private const string Header = "Idempotency-Key";

    public Task InvokeAsync(HttpContext context) =>
        context.GetEndpoint() is RouteEndpoint endpoint && IdempotencyRoutes.AreHonouredBy(endpoint.Metadata)
            && !(endpoint.Metadata.GetMetadata<NeedsIdempotencyKey>()?.UnlessQuery is { } query && string.Equals(context.Request.Query[query], "true", StringComparison.OrdinalIgnoreCase))
            && (context.Request.Headers[Header].ToString().Length > 0 || endpoint.Metadata.GetMetadata<NeedsIdempotencyKey>() is not null)
            ? HonourAsync(context, endpoint)
            : next(context);

    private async Task HonourAsync(HttpContext context, RouteEndpoint endpoint)
    {
        var text = context.Request.Headers[Header].ToString();
        var required = endpoint.Metadata.GetMetadata<NeedsIdempotencyKey>() is not null;
        if (text.Length is < 8 or > 255 || text.Any(c => c is <= ' ' or > '~'))
        {
            await ProblemWriter.WriteAsync(context, PlatformProblems.IdempotencyKeyRequired.With($"Send {Header} with 8 to 255 visible ASCII characters, new for each request."));
            return;
        }
        var key = new IdempotencyKey($"{context.Request.Method} /{endpoint.RoutePattern.RawText?.Trim('/')}", text, await FingerprintAsync(context));
        context.Items[IdempotencyKey.Item] = key;
        if (required || Who(context) is not var (tenantId, userId))
        {
            await next(context);
            return;
        }

        using var turn = await running.EnterAsync((tenantId, userId, key.Route, key.Key), context.RequestAborted);
        if (await RepeatAsync(context, tenantId, userId, key)) return;
        if (endpoint.Metadata.GetMetadata<KeepsItsOwnAnswer>() is not null)
        {
            await next(context);
            return;
        }
        try
        {
            await RunAsync(context, tenantId, userId, key);
        }
        catch (KeyTakenException taken)
        {
            if (taken.IsRunning || !await RepeatAsync(context, tenantId, userId, key)) await ProblemWriter.WriteAsync(context, KeptAnswer.StillRunning);
        }
    }

    private async Task RunAsync(HttpContext context, Guid tenantId, Guid userId, IdempotencyKey key)
    {
        await using var keyed = new KeyedWork(key, tenantId, userId);
        context.Items[KeyedWork.Item] = keyed;
        var body = context.Response.Body;
        using var answer = new MemoryStream();
        context.Response.Body = answer;
        try
        {
            await next(context);
            await KeepAsync(context, keyed, answer.ToArray(), (tenantId, userId, key));
        }
        finally
        {
            context.Response.Body = body;
            context.Items.Remove(KeyedWork.Item);
        }
        if (answer.Length > 0) await body.WriteAsync(answer.GetBuffer().AsMemory(0, (int)answer.Length), context.RequestAborted);
    }

    // From here on the effect is decided; that its client has hung up changes nothing.
    private async Task KeepAsync(HttpContext context, KeyedWork keyed, byte[] body, (Guid Tenant, Guid User, IdempotencyKey Key) scope)
    {
        var isGood = context.Response.StatusCode is >= 200 and < 300;
        if (keyed.HasEffect)
        {
            if (isGood) await keyed.KeepAsync(Kept(context, body, scope));
            else await keyed.ForgetAsync();
        }
        else if (isGood)
        {
            await NoteAsync(Kept(context, body, scope), scope);
        }
    }

    private KeptAnswer Kept(HttpContext context, byte[] body, (Guid Tenant, Guid User, IdempotencyKey Key) scope)
    {
        var answer = KeptAnswer.Of(context.Response, body);
        return context.GetEndpoint()?.Metadata.GetMetadata<SecretAnswer>() is null ? answer : answer with { Body = seal.Seal(answer.Body, Of(scope)) };
    }

    private static string Of((Guid Tenant, Guid User, IdempotencyKey Key) scope) => $"{scope.Tenant:n} {scope.User:n} {scope.Key.Route} {scope.Key.Key}";

    // Nothing of this database was changed: the answer is kept by itself, and whoever was first is right.
    private async Task NoteAsync(KeptAnswer answer, (Guid Tenant, Guid User, IdempotencyKey Key) scope)
    {
        await using var work = await database.BeginAsync(scope.Tenant, CancellationToken.None);
        await work.ExecuteAsync("""
            insert into platform.idempotency_keys (tenant_id, user_id, route, key, fingerprint, status, response_status, response_headers, response_body)
            values (@Tenant, @User, @Route, @Key, @Fingerprint, 'done', @Status, @headers::jsonb, @Body) on conflict do nothing
            """, new
        {
            scope.Tenant, scope.User, scope.Key.Route, scope.Key.Key, scope.Key.Fingerprint, answer.Status, headers = JsonSerializer.Serialize(answer.Headers), answer.Body,
        }, CancellationToken.None);
        await work.CommitAsync(CancellationToken.None);
    }

    private async Task<bool> RepeatAsync(HttpContext context, Guid tenantId, Guid userId, IdempotencyKey key)
    {
        (KeptAnswer? Answer, Refusal? Refusal)? found;
        await using (var work = await database.BeginAsync(tenantId, context.RequestAborted))
            found = await KeptAnswer.FindAsync(work, userId, key, context.RequestAborted);
        if (found is not var (answer, refusal)) return false;
        if (answer is null) await ProblemWriter.WriteAsync(context, refusal!);
        else if (seal.Open(answer.Body, Of((tenantId, userId, key))) is { } opened) await (answer with { Body = opened }).WriteAsync(context.Response, context.RequestAborted);
        else await ProblemWriter.WriteAsync(context, KeptAnswer.SealedForGood);
        return true;
    }

    // A device has its own keys; a call of nobody has none.
    private static (Guid Tenant, Guid User)? Who(HttpContext context) => context.Items[Caller.Item] is not Caller caller ? null
        : context.Items[Actor.Item] is Actor { Id: { } device } ? (caller.TenantId, device)
        : (caller.TenantId, caller.UserId);

    private static async Task<byte[]> FingerprintAsync(HttpContext context)
    {
        BodyLimit.KeepBody(context);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{context.Request.Method}\n{context.Request.Path}{context.Request.QueryString}\n"));
        var buffer = new byte[4096];
        int read;
        while ((read = await context.Request.Body.ReadAsync(buffer, context.RequestAborted)) > 0) hash.AppendData(buffer.AsSpan(0, read));
        context.Request.Body.Position = 0;
        return hash.GetHashAndReset();
    }
}
