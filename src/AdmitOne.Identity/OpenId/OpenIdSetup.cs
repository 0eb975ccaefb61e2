using System.Security.Cryptography;
using System.Text;
using AdmitOne.Identity.Mail;
using AdmitOne.Identity.People;
using AdmitOne.Platform.Configuration;
using AdmitOne.Platform.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace AdmitOne.Identity.OpenId;

/// <summary>
/// OpenID Connect by OpenIddict: authorization code with PKCE, the device flow, refresh tokens that rotate, revocation, and client credentials for an organiser's own programs. Access
/// tokens are the same as those of a sign-in (<see cref="AccessTokens"/>), so that services know one kind; they last ten minutes.
/// </summary>
internal static class OpenIdSetup
{
    public const string AuthorizePath = "/connect/authorize";
    public const string TokenPath = "/connect/token";
    public const string RevocationPath = "/connect/revocation";
    public const string DevicePath = "/connect/device";

    /// <summary>The page where a person enters the code that a device shows.</summary>
    public const string DevicePagePath = "/device";

    public static readonly TimeSpan AccessTokenLifetime = TimeSpan.FromMinutes(10);
    public static readonly TimeSpan DeviceCodeLifetime = TimeSpan.FromMinutes(10);
    public static readonly TimeSpan RefreshTokenLifetime = TimeSpan.FromDays(30);

    public static IServiceCollection AddOpenId(this IServiceCollection services)
    {
        services.AddOpenIddict()
            .AddCore(core => core.UseEntityFrameworkCore().UseDbContext<IdentityContext>())
            .AddServer(server =>
            {
                server.SetAuthorizationEndpointUris(AuthorizePath[1..]).SetTokenEndpointUris(TokenPath[1..]).SetRevocationEndpointUris(RevocationPath[1..])
                    .SetDeviceAuthorizationEndpointUris(DevicePath[1..]).SetEndUserVerificationEndpointUris(DevicePagePath[1..])
                    .SetConfigurationEndpointUris(Array.Empty<Uri>()).SetJsonWebKeySetEndpointUris(Array.Empty<Uri>());   // IdentityService publishes both
                server.AllowAuthorizationCodeFlow().RequireProofKeyForCodeExchange().AllowRefreshTokenFlow().AllowClientCredentialsFlow()
                    .AllowDeviceAuthorizationFlow();
                // 8 letters without vowels, so that no word comes out: 25 600 000 000 codes, each good for ten minutes.
                server.SetUserCodeCharset([.. "BCDFGHJKLMNPQRSTVWXZ".Select(letter => letter.ToString())]).SetUserCodeLength(8).SetUserCodeDisplayFormat("{0}{1}{2}{3}-{4}{5}{6}{7}")
                    .SetDeviceCodeLifetime(DeviceCodeLifetime).SetUserCodeLifetime(DeviceCodeLifetime);
                server.SetAccessTokenLifetime(AccessTokenLifetime).SetRefreshTokenLifetime(RefreshTokenLifetime).SetRefreshTokenReuseLeeway(TimeSpan.FromSeconds(10));
                server.RegisterScopes(Scopes.Email, Scopes.Profile, Scopes.OfflineAccess);
                server.DisableAccessTokenEncryption();
                // TLS ends in front of the service, as for the others.
                server.UseAspNetCore().EnableAuthorizationEndpointPassthrough().EnableTokenEndpointPassthrough().EnableEndUserVerificationEndpointPassthrough()
                    .DisableTransportSecurityRequirement();
                server.AddEventHandler<GenerateTokenContext>(handler => handler.UseScopedHandler<AccessTokens>()
                    .SetOrder(OpenIddictServerHandlers.Protection.GenerateIdentityModelToken.Descriptor.Order - 500));
                server.AddEventHandler<HandleRevocationRequestContext>(handler => handler.UseScopedHandler<RevokedSessions>()
                    .SetOrder(OpenIddictServerHandlers.Revocation.RevokeToken.Descriptor.Order + 500));
            });
        // Codes and refresh tokens are read by Identity alone: their keys follow from INTERNAL_API_KEY, so every replica has them.
        services.AddOptions<OpenIddictServerOptions>().Configure<IOptions<ServiceOptions>, IOptions<JwtOptions>, PublicAddress>((server, service, jwt, address) =>
        {
            // The same whatever name a request came by: a device may use another one than the person who lets it in.
            server.Issuer = Uri.TryCreate(jwt.Value.Issuer, UriKind.Absolute, out var issuer) ? issuer : address.Base;
            foreach (var secret in new[] { service.Value.InternalApiKey, service.Value.InternalApiKeyPrevious }.OfType<string>().Where(secret => secret.Length > 0))
            {
                server.EncryptionCredentials.Add(new EncryptingCredentials(new SymmetricSecurityKey(Derive(secret, "admitone openid encryption")),
                    SecurityAlgorithms.Aes256KW, SecurityAlgorithms.Aes256CbcHmacSha512));
                server.SigningCredentials.Add(new SigningCredentials(new ECDsaSecurityKey(SigningKey(secret)), SecurityAlgorithms.EcdsaSha256));
            }
        });
        return services.AddScoped<AccessTokens>().AddScoped<RevokedSessions>();
    }

    /// <summary>OpenIddict answers its endpoints from the authentication middleware, which the platform runs only where a caller shows something.</summary>
    public static void UseOpenId(this WebApplication app) => app.UseWhen(
        context => (context.Request.Path.StartsWithSegments("/connect", StringComparison.Ordinal) || context.Request.Path == DevicePagePath) && context.Request.Headers.Authorization.Count == 0, open => open.UseAuthentication());

    private static ECDsa SigningKey(string secret) => ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = Derive(secret, "admitone openid signing") });

    private static byte[] Derive(string secret, string purpose) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret), 32, info: Encoding.UTF8.GetBytes(purpose));
}
