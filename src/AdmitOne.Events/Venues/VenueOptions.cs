using System.ComponentModel.DataAnnotations;
using AdmitOne.Platform.Configuration;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace AdmitOne.Events.Venues;

public sealed class VenueOptions
{
    /// <summary>Where venues are asked for; https in production unless the host is inside the cluster.</summary>
    [ConfigurationKeyName("VENUE_SERVICE_URL"), Required, Url]
    public string Url { get; set; } = "";
}

[OptionsValidator]
internal sealed partial class VenueOptionsAnnotations : IValidateOptions<VenueOptions>;

internal sealed class VenueOptionsRules(IConfiguration configuration) : IValidateOptions<VenueOptions>
{
    public ValidateOptionsResult Validate(string? name, VenueOptions options)
    {
        if (!Uri.TryCreate(options.Url, UriKind.Absolute, out var url)) return ValidateOptionsResult.Skip;   // the annotations say so
        return ServiceOptions.IsProductionIn(configuration) && url.Scheme != Uri.UriSchemeHttps && !NeighbourUrl.IsInsideCluster(url)
            ? ValidateOptionsResult.Fail("VENUE_SERVICE_URL must be https in production, unless its host is inside the cluster.")
            : ValidateOptionsResult.Success;
    }
}
