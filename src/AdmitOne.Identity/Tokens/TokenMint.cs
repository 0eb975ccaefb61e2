using System.Text;
using AdmitOne.Platform.Identity;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace AdmitOne.Identity;

/// <summary>Whom a token speaks for.</summary>
/// <param name="EmailVerified">Always written into the token. Null leaves it out, as another issuer may: a service then takes the address for not verified.</param>
public sealed record TokenHolder(Guid TenantId, Guid UserId, string Role, string Email, string? Name = null, bool? EmailVerified = false);

/// <summary>Signs bearer tokens that both services accept. Identity uses it, and so do tests and measurements.</summary>
public sealed class TokenMint
{
    public static readonly TimeSpan DefaultLifetime = TimeSpan.FromHours(1);

    private readonly JsonWebTokenHandler _handler = new() { SetDefaultTimesOnTokenCreation = false };
    private readonly SigningCredentials _credentials;
    private readonly JwtOptions _options;
    private readonly TimeProvider _clock;

    public TokenMint(JwtOptions options, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_options, _clock) = (options, clock);
        _credentials = new SigningCredentials(new SymmetricSecurityKey(Encoding.UTF8.GetBytes(options.Secret)), SecurityAlgorithms.HmacSha256);
    }

    /// <summary>Signs with a key of one's own, whose public half the issuer publishes.</summary>
    public TokenMint(JwtOptions options, TimeProvider clock, SecurityKey key, string algorithm)
    {
        (_options, _clock) = (options, clock);
        _credentials = new SigningCredentials(key, algorithm);
    }

    /// <param name="lifetime"><see cref="DefaultLifetime"/> if null; a negative one makes a token that has expired.</param>
    /// <param name="tokenId">The <c>jti</c> by which the token can be revoked; a new one if null.</param>
    public string Mint(TokenHolder holder, TimeSpan? lifetime = null, string? tokenId = null)
    {
        ArgumentNullException.ThrowIfNull(holder);
        var now = _clock.GetUtcNow().UtcDateTime;
        var expires = now + (lifetime ?? DefaultLifetime);
        var claims = new Dictionary<string, object>
        {
            ["sub"] = holder.UserId.ToString(),
            ["tenant_id"] = holder.TenantId.ToString(),
            ["role"] = holder.Role,
            ["email"] = holder.Email,
            ["jti"] = tokenId ?? Guid.CreateVersion7().ToString(),
        };
        if (holder.Name is not null) claims["name"] = holder.Name;
        if (holder.EmailVerified is { } verified) claims["email_verified"] = verified;
        return _handler.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = _options.Issuer,
            Audience = _options.Audience,
            IssuedAt = now < expires ? now : expires,
            Expires = expires,
            Claims = claims,
            SigningCredentials = _credentials,
        });
    }
}
