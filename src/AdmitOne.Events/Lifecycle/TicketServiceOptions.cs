using System.ComponentModel.DataAnnotations;
using AdmitOne.Platform.Configuration;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace AdmitOne.Events.Lifecycle;

public sealed class TicketServiceOptions
{
    /// <summary>Where the Ticket Service answers signed calls; must be given in production, and be https unless the host is inside the cluster.</summary>
    [ConfigurationKeyName("TICKET_SERVICE_URL"), Required, Url]
    public string Url { get; set; } = "http://127.0.0.1:3004";
}

[OptionsValidator]
internal sealed partial class TicketServiceOptionsAnnotations : IValidateOptions<TicketServiceOptions>;

internal sealed class TicketServiceOptionsRules(IConfiguration configuration) : IValidateOptions<TicketServiceOptions>
{
    public ValidateOptionsResult Validate(string? name, TicketServiceOptions options)
    {
        if (!ServiceOptions.IsProductionIn(configuration) || !Uri.TryCreate(options.Url, UriKind.Absolute, out var url)) return ValidateOptionsResult.Skip;
        if (string.IsNullOrEmpty(configuration["TICKET_SERVICE_URL"])) return ValidateOptionsResult.Fail("TICKET_SERVICE_URL must be given in production.");
        return url.Scheme == Uri.UriSchemeHttps || NeighbourUrl.IsInsideCluster(url)
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail("TICKET_SERVICE_URL must be https in production, unless its host is inside the cluster.");
    }
}
