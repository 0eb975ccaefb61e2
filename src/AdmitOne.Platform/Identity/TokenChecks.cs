using System.Security.Claims;
using AdmitOne.Platform.Hosting;
using AdmitOne.Platform.Tenancy;
using AdmitOne.Platform.Text;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace AdmitOne.Platform.Identity;

/// <summary>What a token must say beyond a good signature, and what is done once it is believed.</summary>
internal sealed class TokenChecks(TenantDirectory tenants, UserProjection users, RememberedTokens remembered, IssuerKeys keys, RevokedTokens revoked, ServiceDefinition definition)
{
    /// <summary>The token is fine, its tenant may not act.</summary>
    internal sealed class TenantIsSuspended() : Exception("The tenant is suspended.");

    /// <summary>The token may be fine; nobody can say so right now.</summary>
    internal sealed class IssuerIsAway() : Exception("The issuer's keys cannot be read.");

    private const string Scheme = "Bearer ";
    private const int MaxTokenIdLength = 200;
    private const int MaxEmailLength = 320;   // what platform.users can keep

    // All that authorization asks a principal for; who it is, handlers are told by the Caller.
    private static readonly Dictionary<string, ClaimsPrincipal> s_principals = Roles.All.ToDictionary(role => role,
        role => new ClaimsPrincipal(new ClaimsIdentity([new Claim("role", role)], JwtBearerDefaults.AuthenticationScheme, "sub", "role")));

    /// <summary>Before a token is checked: one that was good a moment ago need not be checked again, its tenant must.</summary>
    public async Task RecallAsync(MessageReceivedContext context)
    {
        var header = context.Request.Headers.Authorization.ToString();
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)) return;
        var token = header[Scheme.Length..].Trim();
        if (remembered.Find(token) is not { } caller)
        {
            if (keys.AreUsed && KeyId(token) is { } keyId && !await keys.PrepareAsync(keyId, context.HttpContext.RequestAborted)) context.Fail(new IssuerIsAway());
            return;
        }
        if (!await MayActAsync(caller, context)) return;
        context.Principal = s_principals[caller.Role];
        context.Success();
    }

    /// <summary>After its signature, dates, issuer and audience were found good.</summary>
    public async Task AcceptAsync(TokenValidatedContext context)
    {
        if (ReadCaller(context.Principal) is not { } caller)
        {
            context.Fail("The token lacks a tenant_id, a UUID sub or a known role, or its email is none.");
            return;
        }
        var tokenId = context.Principal!.FindFirstValue("jti") ?? "";
        if (tokenId.Length > MaxTokenIdLength)
        {
            context.Fail("The token's jti is too long to be revoked by.");
            return;
        }
        if (!await MayActAsync(caller, context)) return;
        if (definition.SchemaVersion > 0 && tokenId.Length > 0 && await revoked.IsRevokedAsync(caller.TenantId, tokenId, context.HttpContext.RequestAborted))
        {
            context.HttpContext.Items.Remove(Caller.Item);
            context.Fail("The token was revoked.");
            return;
        }
        if (context.SecurityToken is JsonWebToken token) remembered.Keep(token.EncodedToken, caller, new DateTimeOffset(token.ValidTo, TimeSpan.Zero));
    }

    private async Task<bool> MayActAsync(Caller caller, ResultContext<JwtBearerOptions> context)
    {
        if (definition.SchemaVersion > 0 && !await IsKnownAsync(caller, context)) return false;
        context.HttpContext.Items[Caller.Item] = caller;
        return true;
    }

    private async Task<bool> IsKnownAsync(Caller caller, ResultContext<JwtBearerOptions> context)
    {
        switch (await tenants.FindAsync(caller.TenantId, context.HttpContext.RequestAborted))
        {
            case null:
                context.Fail("The token names an unknown tenant.");
                return false;
            case { Status: TenantStatus.Suspended }:
                context.Fail(new TenantIsSuspended());
                return false;
            case { LimitMultiplier: not 1 and var factor }:
                context.HttpContext.Items[TenantDirectory.MultiplierItem] = factor;
                break;
        }
        await users.EnsureAsync(caller, context.HttpContext.RequestAborted);
        return true;
    }

    private static string? KeyId(string token)
    {
        try
        {
            return new JsonWebToken(token).Kid is { Length: > 0 } keyId ? keyId : null;
        }
        catch (Exception malformed) when (malformed is ArgumentException or SecurityTokenException)
        {
            return null;   // whoever checks it says so
        }
    }

    private static Caller? ReadCaller(ClaimsPrincipal? principal) =>
        principal is not null
        && Guid.TryParse(principal.FindFirstValue("tenant_id"), out var tenantId)
        && Guid.TryParse(principal.FindFirstValue("sub"), out var userId)
        && principal.FindFirstValue("role") is { } role && Roles.All.Contains(role)
        && (principal.FindFirstValue("email") ?? "") is { Length: <= MaxEmailLength } email && !email.Any(char.IsControl)
            ? new Caller(tenantId, userId, role, Nfc.Of(email.Trim().ToLowerInvariant()))
            {
                EmailIsVerified = principal.FindFirstValue("email_verified") is not { } said || said.Equals("true", StringComparison.OrdinalIgnoreCase),
            }
            : null;
}
