using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace AdmitOne.Platform.Telemetry;

public sealed class SentryOptions
{
    /// <summary>Where unhandled faults are reported, as Sentry shows it: <c>https://KEY@HOST/PROJECT</c>. Not set: nowhere.</summary>
    [ConfigurationKeyName("SENTRY_DSN")]
    public string? Dsn { get; set; }
}

internal sealed class SentryOptionsRules(IConfiguration configuration) : IValidateOptions<SentryOptions>
{
    public ValidateOptionsResult Validate(string? name, SentryOptions options)
    {
        if (string.IsNullOrEmpty(options.Dsn)) return ValidateOptionsResult.Success;
        if (SentryAddress.Read(options.Dsn) is not { } address) return ValidateOptionsResult.Fail("SENTRY_DSN must look like https://KEY@HOST/PROJECT.");
        return Configuration.ServiceOptions.IsProductionIn(configuration) && address.Envelopes.Scheme != Uri.UriSchemeHttps && !Configuration.NeighbourUrl.IsInsideCluster(address.Envelopes)
            ? ValidateOptionsResult.Fail("SENTRY_DSN must be https in production, unless its host is inside the cluster.")
            : ValidateOptionsResult.Success;
    }
}

/// <summary>What a DSN says: where envelopes go, and with which public key.</summary>
internal sealed record SentryAddress(Uri Envelopes, string PublicKey)
{
    /// <returns>null if the text is no DSN.</returns>
    public static SentryAddress? Read(string dsn)
    {
        if (!Uri.TryCreate(dsn, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https")) return null;
        var key = url.UserInfo.Split(':')[0];
        var slash = url.AbsolutePath.LastIndexOf('/');
        var project = url.AbsolutePath[(slash + 1)..];
        return key.Length == 0 || project.Length == 0 ? null
            : new SentryAddress(new Uri($"{url.Scheme}://{url.Authority}{url.AbsolutePath[..slash]}/api/{project}/envelope/"), key);
    }
}
