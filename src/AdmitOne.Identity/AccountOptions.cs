using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace AdmitOne.Identity;

public sealed class AccountOptions
{
    /// <summary>Where people reach the pages of Identity, such as https://id.example.org: mailed links begin with it. <c>AUTH_SERVICE_URL</c> without it.</summary>
    [ConfigurationKeyName("PUBLIC_URL"), Url]
    public string? PublicUrl { get; set; }

    /// <summary>How access tokens are signed: HS256 with JWT_SECRET, or RS256 or ES256 with keys that are published.</summary>
    [ConfigurationKeyName("AUTH_SIGNING"), AllowedValues("HS256", "RS256", "ES256", ErrorMessage = "AUTH_SIGNING must be HS256, RS256 or ES256.")]
    public string Signing { get; set; } = "HS256";
}

[OptionsValidator]
internal sealed partial class AccountOptionsValidator : IValidateOptions<AccountOptions>;
