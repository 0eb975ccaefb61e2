using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace AdmitOne.Platform.Retention;

/// <summary>How long what has served its purpose is kept. <c>docs/retention.md</c> has every kind of data.</summary>
public sealed class RetentionOptions
{
    /// <summary>How long messages can still be read after everybody inside has: at <c>/changes</c>, by whoever lags behind.</summary>
    [ConfigurationKeyName("MESSAGES_KEPT_DAYS"), Range(7, 3650)]
    public int MessagesDays { get; set; } = 90;

    /// <summary>How long it is known which webhooks came in, and what became of those that went out.</summary>
    [ConfigurationKeyName("WEBHOOKS_KEPT_DAYS"), Range(7, 3650)]
    public int WebhooksDays { get; set; } = 30;

    /// <summary>How long attempts at the door are kept; the one that admitted somebody stays with the ticket.</summary>
    [ConfigurationKeyName("SCANS_KEPT_DAYS"), Range(30, 3650)]
    public int ScansDays { get; set; } = 400;

    /// <summary>How often old rows are looked for.</summary>
    [ConfigurationKeyName("RETENTION_SWEEP_SECONDS"), Range(1, 86_400)]
    public int SweepSeconds { get; set; } = 3600;
}

[OptionsValidator]
internal sealed partial class RetentionOptionsAnnotations : IValidateOptions<RetentionOptions>;
