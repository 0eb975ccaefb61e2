using System.ComponentModel.DataAnnotations;
using AdmitOne.Platform.Configuration;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace AdmitOne.Platform.Identity;

public sealed class JwtOptions
{
    /// <summary>Verifies tokens (HS256). Not set: the keys that <c>AUTH_SERVICE_URL</c> publishes do (RS256, ES256).</summary>
    [ConfigurationKeyName("JWT_SECRET"), Secret]
    public string Secret { get; set; } = "";

    /// <summary>Still accepted while <c>JWT_SECRET</c> is being rotated.</summary>
    [ConfigurationKeyName("JWT_SECRET_PREVIOUS"), Secret]
    public string? SecretPrevious { get; set; }

    /// <summary>The auth service; without <c>JWT_SECRET</c>, its published keys verify tokens. https in production unless the host is inside the cluster.</summary>
    [ConfigurationKeyName("AUTH_SERVICE_URL"), Url]
    public string? AuthServiceUrl { get; set; }

    /// <summary>The <c>iss</c> that a token must have.</summary>
    [ConfigurationKeyName("JWT_ISSUER"), Required]
    public string Issuer { get; set; } = "admitone-auth";

    /// <summary>The <c>aud</c> that a token must have.</summary>
    [ConfigurationKeyName("JWT_AUDIENCE"), Required]
    public string Audience { get; set; } = "admitone";

    /// <summary>true: a token without <c>email_verified</c> has a verified e-mail address, because its issuer proves addresses by itself. Else only <c>email_verified: true</c> counts.</summary>
    [ConfigurationKeyName("JWT_ISSUER_VERIFIES_EMAIL")]
    public bool IssuerVerifiesEmail { get; set; }
}

[OptionsValidator]
public sealed partial class JwtOptionsValidator : IValidateOptions<JwtOptions>;

/// <summary>One way to verify, never both for one token.</summary>
internal sealed class JwtOptionsRules(IConfiguration configuration) : IValidateOptions<JwtOptions>
{
    public ValidateOptionsResult Validate(string? name, JwtOptions options)
    {
        if (options.Secret.Length > 0) return ValidateOptionsResult.Success;
        if (string.IsNullOrEmpty(options.AuthServiceUrl)) return ValidateOptionsResult.Fail("JWT_SECRET is required, or AUTH_SERVICE_URL whose published keys verify tokens.");
        if (!string.IsNullOrEmpty(options.SecretPrevious)) return ValidateOptionsResult.Fail("JWT_SECRET_PREVIOUS has no use without JWT_SECRET.");
        if (!Uri.TryCreate(options.AuthServiceUrl, UriKind.Absolute, out var url)) return ValidateOptionsResult.Skip;   // the annotations say so
        return ServiceOptions.IsProductionIn(configuration) && url.Scheme != Uri.UriSchemeHttps && !IsInsideCluster(url)
            ? ValidateOptionsResult.Fail("AUTH_SERVICE_URL must be https in production, unless its host is inside the cluster.")
            : ValidateOptionsResult.Success;
    }

    private static bool IsInsideCluster(Uri url) =>
        url.IsLoopback || !url.Host.Contains('.') || url.Host.EndsWith(".svc", StringComparison.Ordinal) || url.Host.EndsWith(".cluster.local", StringComparison.Ordinal);
}
