using System.ComponentModel.DataAnnotations;
using AdmitOne.Platform.Configuration;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace AdmitOne.Platform.Webhooks;

public sealed class WebhookOptions
{
    /// <summary>Signs webhooks between us and the neighbours (Standard Webhooks); at least 32 characters. <c>whsec_</c> and base64, or any text.</summary>
    [ConfigurationKeyName("INTERNAL_WEBHOOK_SECRET"), Required, Secret]
    public string Secret { get; set; } = "";

    /// <summary>Still accepted while <c>INTERNAL_WEBHOOK_SECRET</c> is being rotated.</summary>
    [ConfigurationKeyName("INTERNAL_WEBHOOK_SECRET_PREVIOUS"), Secret]
    public string? SecretPrevious { get; set; }
}

[OptionsValidator]
internal sealed partial class WebhookOptionsAnnotations : IValidateOptions<WebhookOptions>;
