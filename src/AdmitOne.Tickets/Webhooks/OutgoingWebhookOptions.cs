using AdmitOne.Platform.Configuration;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace AdmitOne.Tickets.Webhooks;

public sealed class OutgoingWebhookOptions
{
    /// <summary>Lets webhooks go to this machine itself, also by http: for development and tests, refused in production.</summary>
    [ConfigurationKeyName("WEBHOOK_ALLOW_LOOPBACK")]
    public bool AllowLoopback { get; set; }
}

internal sealed class OutgoingWebhookOptionsRules(IConfiguration configuration) : IValidateOptions<OutgoingWebhookOptions>
{
    public ValidateOptionsResult Validate(string? name, OutgoingWebhookOptions options) => options.AllowLoopback && ServiceOptions.IsProductionIn(configuration)
        ? ValidateOptionsResult.Fail("WEBHOOK_ALLOW_LOOPBACK is for development and tests, not for production.")
        : ValidateOptionsResult.Success;
}
