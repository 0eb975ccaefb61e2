using System.ComponentModel.DataAnnotations;
using AdmitOne.Platform.Configuration;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace AdmitOne.Platform.Identity;

public sealed class JwtOptions
{
    /// <summary>Verifies tokens (HS256); at least 32 characters.</summary>
    [ConfigurationKeyName("JWT_SECRET"), Required, Secret]
    public string Secret { get; set; } = "";

    /// <summary>Still accepted while <c>JWT_SECRET</c> is being rotated.</summary>
    [ConfigurationKeyName("JWT_SECRET_PREVIOUS"), Secret]
    public string? SecretPrevious { get; set; }

    /// <summary>The <c>iss</c> that a token must have.</summary>
    [ConfigurationKeyName("JWT_ISSUER"), Required]
    public string Issuer { get; set; } = "admitone-auth";

    /// <summary>The <c>aud</c> that a token must have.</summary>
    [ConfigurationKeyName("JWT_AUDIENCE"), Required]
    public string Audience { get; set; } = "admitone";
}

[OptionsValidator]
public sealed partial class JwtOptionsValidator : IValidateOptions<JwtOptions>;
