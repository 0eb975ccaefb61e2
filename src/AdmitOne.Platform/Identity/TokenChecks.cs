using System.Security.Claims;
using AdmitOne.Platform.Hosting;
using AdmitOne.Platform.Tenancy;
using AdmitOne.Platform.Text;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace AdmitOne.Platform.Identity;

/// <summary>What a token must say beyond a good signature, and what is done once it is believed.</summary>
internal sealed class TokenChecks(TenantDirectory tenants, UserProjection users, RememberedTokens remembered, IssuerKeys keys, RevokedTokens revoked, IOptions<JwtOptions> jwt, ServiceDefinition definition,
    TimeProvider clock, IGuestTokens? guests = null)
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

    /// <summary>The principal of everybody who is known again: whoever carries it has the <see cref="Caller"/> of its call, and that one's role.</summary>
    public static ClaimsPrincipal PrincipalOf(string role) => s_principals[role];

    /// <summary>Knows again who was found good a moment ago: their token need not be checked again, their tenant and the list of revoked tokens must.</summary>
    /// <remarks>If the token has to be checked, was revoked, or its tenant may not act, there is no <see cref="Caller"/> afterwards: whoever checks the token says why.</remarks>
    public ValueTask RecallAsync(HttpContext context)
    {
        if (TokenOf(context.Request) is not { IsEmpty: false } token || remembered.Find(token) is not { } caller) return default;
        // Mostly nothing has to be read or written: no clock is started then, and nothing waits.
        var acts = definition.SchemaVersion == 0 || (revoked.TryFind(caller.TenantId, caller.TokenId, out var isRevoked) && !isRevoked
            && tenants.TryFind(caller.TenantId, out var standing) && Accepts(standing, context) && users.Has(caller));
        if (!acts) return RecallSlowlyAsync(caller, context);
        Introduce(caller, context);
        return default;
    }

    private async ValueTask RecallSlowlyAsync(Caller caller, HttpContext context)
    {
        if (!await IsRevokedAsync(caller, context) && await RefuseAsync(caller, context) is null) Introduce(caller, context);
    }

    /// <summary>Before a token is checked: the issuer's key that it names must be at hand.</summary>
    public async Task PrepareAsync(MessageReceivedContext context)
    {
        if (guests is not null && TokenOf(context.Request) is var shown && shown.StartsWith(IGuestTokens.Prefix, StringComparison.Ordinal))
        {
            await AcceptGuestAsync(context, shown.ToString());
            return;
        }
        if (keys.AreUsed && TokenOf(context.Request) is { IsEmpty: false } token && KeyId(token.ToString()) is { } keyId && !await keys.PrepareAsync(keyId, context.HttpContext.RequestAborted))
            context.Fail(new IssuerIsAway());
    }

    /// <summary>After its signature, dates, issuer and audience were found good.</summary>
    public async Task AcceptAsync(TokenValidatedContext context)
    {
        if (ReadCaller(context.Principal, jwt.Value.IssuerVerifiesEmail) is not { } read)
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
        var caller = read with { TokenId = tokenId, TokenEndsAt = new DateTimeOffset(context.SecurityToken.ValidTo, TimeSpan.Zero) };
        if (await RefuseAsync(caller, context.HttpContext) is { } why)
        {
            context.Fail(why);
            return;
        }
        if (await IsRevokedAsync(caller, context.HttpContext))
        {
            context.Fail("The token was revoked.");
            return;
        }
        context.HttpContext.Items[Caller.Item] = caller;
        if (context.SecurityToken is JsonWebToken token) remembered.Keep(token.EncodedToken, caller);
    }

    // A guest is a customer whose token this service issued itself: tenant, revocations and everything after are as for a buyer with an account.
    private async Task AcceptGuestAsync(MessageReceivedContext context, string token)
    {
        if (guests!.Read(token) is not { } guest)
        {
            context.Fail("The guest token was not issued here.");
            return;
        }
        if (guest.EndsAt <= clock.GetUtcNow())
        {
            context.Fail(new SecurityTokenExpiredException("The guest token has ended."));
            return;
        }
        var caller = new Caller(guest.TenantId, guest.UserId, Roles.Customer, "") { IsGuest = true, TokenId = $"guest:{guest.UserId:n}", TokenEndsAt = guest.EndsAt };
        if (await RefuseAsync(caller, context.HttpContext) is { } why)
        {
            context.Fail(why);
            return;
        }
        if (await IsRevokedAsync(caller, context.HttpContext))
        {
            context.Fail("The token was revoked.");
            return;
        }
        context.HttpContext.Items[Caller.Item] = caller;
        remembered.Keep(token, caller);
        context.Principal = PrincipalOf(caller.Role);
        context.Success();
    }

    private ValueTask<bool> IsRevokedAsync(Caller caller, HttpContext context) =>
        definition.SchemaVersion > 0 ? revoked.IsRevokedAsync(caller.TenantId, caller.TokenId, context.RequestAborted) : new(false);

    /// <returns>Why the caller's tenant may not act, or null.</returns>
    private async Task<Exception?> RefuseAsync(Caller caller, HttpContext context)
    {
        if (definition.SchemaVersion == 0) return null;
        var standing = await tenants.FindAsync(caller.TenantId, context.RequestAborted);
        if (!Accepts(standing, context)) return standing is null ? new AuthenticationFailureException("The token names an unknown tenant.") : new TenantIsSuspended();
        await users.EnsureAsync(caller, context.RequestAborted);
        return null;
    }

    private static bool Accepts(TenantStanding? standing, HttpContext context)
    {
        if (standing is not { Status: TenantStatus.Active }) return false;
        if (standing.LimitMultiplier != 1) context.Items[TenantDirectory.MultiplierItem] = standing.LimitMultiplier;
        return true;
    }

    private static void Introduce(Caller caller, HttpContext context)
    {
        context.Items[Caller.Item] = caller;
        context.User = PrincipalOf(caller.Role);
    }

    private static ReadOnlySpan<char> TokenOf(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        return header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? header.AsSpan(Scheme.Length).Trim() : default;
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

    private static Caller? ReadCaller(ClaimsPrincipal? principal, bool verifiedByDefault) =>
        principal is not null
        && Guid.TryParse(principal.FindFirstValue("tenant_id"), out var tenantId)
        && Guid.TryParse(principal.FindFirstValue("sub"), out var userId)
        && principal.FindFirstValue("role") is { } role && Roles.All.Contains(role)
        && (principal.FindFirstValue("email") ?? "") is { Length: <= MaxEmailLength } email && (email.Length == 0 || UnicodeText.Fault(email) is null)
            ? new Caller(tenantId, userId, role, EmailAddress.Fold(email))
            {
                EmailIsVerified = principal.FindFirstValue("email_verified") is { } said ? said.Equals("true", StringComparison.OrdinalIgnoreCase) : verifiedByDefault,
            }
            : null;
}
