using System.Security.Claims;
using AdmitOne.Platform.Hosting;
using AdmitOne.Platform.Tenancy;
using Microsoft.AspNetCore.Authentication.JwtBearer;

namespace AdmitOne.Platform.Identity;

/// <summary>What a token must say beyond a good signature, and what is done once it is believed.</summary>
internal sealed class TokenChecks(TenantDirectory tenants, UserProjection users, ServiceDefinition definition)
{
    /// <summary>The token is fine, its tenant may not act.</summary>
    internal sealed class TenantIsSuspended() : Exception("The tenant is suspended.");

    public async Task AcceptAsync(TokenValidatedContext context)
    {
        if (ReadCaller(context.Principal) is not { } caller)
        {
            context.Fail("The token lacks a tenant_id, a UUID sub or a known role.");
            return;
        }
        if (definition.SchemaVersion > 0 && !await IsKnownAsync(caller, context)) return;
        context.HttpContext.Items[Caller.Item] = caller;
    }

    private async Task<bool> IsKnownAsync(Caller caller, TokenValidatedContext context)
    {
        switch (await tenants.FindStatusAsync(caller.TenantId, context.HttpContext.RequestAborted))
        {
            case null:
                context.Fail("The token names an unknown tenant.");
                return false;
            case TenantStatus.Suspended:
                context.Fail(new TenantIsSuspended());
                return false;
        }
        await users.EnsureAsync(caller, context.HttpContext.RequestAborted);
        return true;
    }

    private static Caller? ReadCaller(ClaimsPrincipal? principal) =>
        principal is not null
        && Guid.TryParse(principal.FindFirstValue("tenant_id"), out var tenantId)
        && Guid.TryParse(principal.FindFirstValue("sub"), out var userId)
        && principal.FindFirstValue("role") is { } role && Roles.All.Contains(role)
            ? new Caller(tenantId, userId, role, (principal.FindFirstValue("email") ?? "").Trim().ToLowerInvariant())
            : null;
}
