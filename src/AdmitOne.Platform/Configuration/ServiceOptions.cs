using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace AdmitOne.Platform.Configuration;

/// <summary>What every service is told about itself. The names are the environment's; <c>docs/configuration.md</c> lists them all.</summary>
public sealed class ServiceOptions
{
    /// <summary>The port to listen on; 0 takes a free one.</summary>
    [ConfigurationKeyName("PORT"), Range(0, 65535)]
    public int Port { get; set; }

    /// <summary>The address to listen on. Loopback unless told otherwise; a container sets 0.0.0.0.</summary>
    [ConfigurationKeyName("BIND"), Required]
    public string Bind { get; set; } = "127.0.0.1";

    /// <summary>development, staging or production; development unless told otherwise. Production has stricter rules.</summary>
    [ConfigurationKeyName("ENVIRONMENT")]
    public string? EnvironmentName { get; set; }

    /// <summary>Another name of <c>ENVIRONMENT</c>. Names that disagree stop the start.</summary>
    [ConfigurationKeyName("NODE_ENV")]
    public string? NodeEnvironmentName { get; set; }

    /// <summary>Another name of <c>ENVIRONMENT</c>. Names that disagree stop the start.</summary>
    [ConfigurationKeyName("ASPNETCORE_ENVIRONMENT")]
    public string? AspNetEnvironmentName { get; set; }

    /// <summary>The least that is logged.</summary>
    [ConfigurationKeyName("LOG_LEVEL"), AllowedValues("debug", "info", "warn", "error", ErrorMessage = "LOG_LEVEL must be debug, info, warn or error.")]
    public string LogLevel { get; set; } = "info";

    /// <summary>One JSON object a line, or lines for a person.</summary>
    [ConfigurationKeyName("LOG_FORMAT"), AllowedValues("json", "pretty", ErrorMessage = "LOG_FORMAT must be json or pretty.")]
    public string LogFormat { get; set; } = "json";

    /// <summary>Where log lines go instead of standard output.</summary>
    [ConfigurationKeyName("LOG_FILE")]
    public string? LogFile { get; set; }

    /// <summary>Whether there is <c>/metrics</c>.</summary>
    [ConfigurationKeyName("ENABLE_METRICS")]
    public bool EnableMetrics { get; set; } = true;

    /// <summary><c>/metrics</c> answers on this port only; without it on the one 6000 above PORT. 0: on PORT itself.</summary>
    [ConfigurationKeyName("METRICS_PORT"), Range(0, 65535)]
    public int? MetricsPort { get; set; }

    /// <summary>How far above a service's port its metrics are by default.</summary>
    public const int MetricsDistance = 6000;

    /// <summary>The port that answers <c>/metrics</c> and nothing else; null if the service's own port does.</summary>
    public int? OwnMetricsPort => MetricsPort switch
    {
        0 => null,
        null => Port is 0 or > 65535 - MetricsDistance ? null : Port + MetricsDistance,
        { } port => port == Port ? null : port,
    };

    /// <summary>So many connections may be open on each port; further ones are closed at once. The process must be allowed as many open files and a thousand more (<c>LimitNOFILE</c>).</summary>
    [ConfigurationKeyName("MAX_CONNECTIONS"), Range(10, 1_000_000)]
    public int MaxConnections { get; set; } = 15_000;

    /// <summary>After SIGTERM the service says 503 on /health/ready and answers everything else for so long, that balancers may turn away; then it drains, for at most 20 s.</summary>
    [ConfigurationKeyName("SHUTDOWN_WAIT_SECONDS"), Range(0, 60)]
    public int ShutdownWaitSeconds { get; set; } = 5;

    /// <summary>Signs calls between services; at least 32 characters.</summary>
    [ConfigurationKeyName("INTERNAL_API_KEY"), Required, Secret]
    public string InternalApiKey { get; set; } = "";

    /// <summary>Still accepted while <c>INTERNAL_API_KEY</c> is being rotated.</summary>
    [ConfigurationKeyName("INTERNAL_API_KEY_PREVIOUS"), Secret]
    public string? InternalApiKeyPrevious { get; set; }

    /// <summary>Signs and verifies webhooks (Standard Webhooks 1.0); at least 32 characters, or base64 behind <c>whsec_</c>.</summary>
    [ConfigurationKeyName("INTERNAL_WEBHOOK_SECRET"), Required, Secret]
    public string InternalWebhookSecret { get; set; } = "";

    /// <summary>Still accepted while <c>INTERNAL_WEBHOOK_SECRET</c> is being rotated.</summary>
    [ConfigurationKeyName("INTERNAL_WEBHOOK_SECRET_PREVIOUS"), Secret]
    public string? InternalWebhookSecretPrevious { get; set; }

    /// <summary>Signs the webhooks of the payment service, <c>POST /api/v1/webhooks/payments</c>; <c>INTERNAL_WEBHOOK_SECRET</c> unless it is set, which then no longer counts there.</summary>
    [ConfigurationKeyName("PAYMENT_WEBHOOK_SECRET"), Secret]
    public string? PaymentWebhookSecret { get; set; }

    /// <summary>Still accepted while <c>PAYMENT_WEBHOOK_SECRET</c> is being rotated; at first it may be what <c>INTERNAL_WEBHOOK_SECRET</c> is.</summary>
    [ConfigurationKeyName("PAYMENT_WEBHOOK_SECRET_PREVIOUS"), Secret]
    public string? PaymentWebhookSecretPrevious { get; set; }

    /// <summary>Signs the webhooks of the minting service, <c>POST /api/v1/webhooks/minting</c>; <c>INTERNAL_WEBHOOK_SECRET</c> unless it is set, which then no longer counts there.</summary>
    [ConfigurationKeyName("MINTING_WEBHOOK_SECRET"), Secret]
    public string? MintingWebhookSecret { get; set; }

    /// <summary>Still accepted while <c>MINTING_WEBHOOK_SECRET</c> is being rotated; at first it may be what <c>INTERNAL_WEBHOOK_SECRET</c> is.</summary>
    [ConfigurationKeyName("MINTING_WEBHOOK_SECRET_PREVIOUS"), Secret]
    public string? MintingWebhookSecretPrevious { get; set; }

    /// <summary>development, staging or production, by whichever of the three names it was given.</summary>
    public string Environment => EnvironmentName ?? NodeEnvironmentName ?? AspNetEnvironmentName ?? "development";

    public bool IsProduction => Environment.Equals("production", StringComparison.OrdinalIgnoreCase);

    /// <summary>The same, for a rule that must report its own fault while these options may have theirs.</summary>
    public static bool IsProductionIn(IConfiguration configuration) =>
        (configuration["ENVIRONMENT"] ?? configuration["NODE_ENV"] ?? configuration["ASPNETCORE_ENVIRONMENT"])?.ToLowerInvariant() == "production";
}

[OptionsValidator]
internal sealed partial class ServiceOptionsAnnotations : IValidateOptions<ServiceOptions>;

/// <summary>The rules that one property alone cannot say.</summary>
internal sealed class ServiceOptionsRules : IValidateOptions<ServiceOptions>
{
    private static readonly string[] s_environments = ["development", "staging", "production"];

    public ValidateOptionsResult Validate(string? name, ServiceOptions options)
    {
        var named = new[] { options.EnvironmentName, options.NodeEnvironmentName, options.AspNetEnvironmentName }
            .OfType<string>().Select(e => e.ToLowerInvariant()).Distinct().ToArray();
        if (named.Length > 1) return ValidateOptionsResult.Fail("ENVIRONMENT, NODE_ENV and ASPNETCORE_ENVIRONMENT disagree: set one, or all alike.");
        return named.Length == 1 && !s_environments.Contains(named[0])
            ? ValidateOptionsResult.Fail("ENVIRONMENT must be development, staging or production.")
            : ValidateOptionsResult.Success;
    }
}
