using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace AdmitOne.Tickets.Administration;

/// <summary>Which token is not accepted any more.</summary>
public sealed record TokenRevocation
{
    /// <summary>The token's <c>jti</c>.</summary>
    [PlainText(200)]
    public required string Jti { get; init; }

    /// <summary>The token's <c>exp</c>, until which it has to be refused; 90 days from now if it is not known.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }
}

/// <summary>Takes a token of one's own tenant out of use before it expires, in both services, within seconds.</summary>
public static class RevokeToken
{
    public static void Map(IEndpointRouteBuilder admin) =>
        admin.MapPost("/tokens/revoke", HandleAsync).RequireAuthorization(Policies.Admin)
            .WithName("RevokeToken").WithSummary("Refuse a token before it expires, in both services, within seconds").WithRateTier(RateTier.Admin)
            .WithRequestExample(new TokenRevocation { Jti = "0199a1b2-7c00-7000-8000-0000000000aa", ExpiresAt = new DateTimeOffset(2026, 11, 22, 20, 30, 0, TimeSpan.Zero) });

    private static async Task<NoContent> HandleAsync(
        TokenRevocation request, Caller caller, Database database, RevokedTokens revoked, Actor actor, TimeProvider clock, CancellationToken cancellationToken)
    {
        // Tokens are accepted for the skew of two clocks after their end.
        var left = request.ExpiresAt is { } end ? end - clock.GetUtcNow() + TimeSpan.FromMinutes(1) : RevokedTokens.LongestLife;
        if (left <= TimeSpan.Zero) return TypedResults.NoContent();
        var keep = left < RevokedTokens.LongestLife ? left : RevokedTokens.LongestLife;
        await using var work = await database.BeginAsync(caller.TenantId, cancellationToken);
        await RevokedTokens.RevokeAsync(work, caller.TenantId, request.Jti, keep, cancellationToken);
        // A token has no id that is a UUID: the tenant's list is what was changed.
        await work.AuditAsync(actor, new AuditEntry("token.revoke", "tenant", caller.TenantId, null, new { request.Jti, request.ExpiresAt }), cancellationToken);
        await work.CommitAsync(cancellationToken);
        await revoked.AnnounceAsync(caller.TenantId, request.Jti, keep);
        return TypedResults.NoContent();
    }
}
