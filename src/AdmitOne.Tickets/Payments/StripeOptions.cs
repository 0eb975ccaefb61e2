using System.ComponentModel.DataAnnotations;
using AdmitOne.Platform.Configuration;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace AdmitOne.Tickets.Payments;

public sealed class StripeOptions
{
    /// <summary>Where Stripe is spoken to; https in production unless the host is this machine.</summary>
    [ConfigurationKeyName("STRIPE_API_URL"), Required, Url]
    public string Url { get; set; } = "https://api.stripe.com";

    /// <summary>The account's secret key; needed when <c>PAYMENT_METHODS</c> has <c>stripe</c>.</summary>
    [ConfigurationKeyName("STRIPE_SECRET_KEY")]
    public string? SecretKey { get; set; }

    /// <summary>The signing secret of the endpoint <c>/api/v1/webhooks/stripe</c>; needed when <c>PAYMENT_METHODS</c> has <c>stripe</c>.</summary>
    [ConfigurationKeyName("STRIPE_WEBHOOK_SECRET")]
    public string? WebhookSecret { get; set; }
}

[OptionsValidator]
internal sealed partial class StripeOptionsAnnotations : IValidateOptions<StripeOptions>;

internal sealed class StripeOptionsRules(IConfiguration configuration) : IValidateOptions<StripeOptions>
{
    public ValidateOptionsResult Validate(string? name, StripeOptions options)
    {
        var production = ServiceOptions.IsProductionIn(configuration);
        var faults = new List<string>();
        if (new PaymentOptions { MethodList = configuration["PAYMENT_METHODS"] }.Methods(production).Contains("stripe"))
        {
            if (string.IsNullOrWhiteSpace(options.SecretKey)) faults.Add("STRIPE_SECRET_KEY is required when PAYMENT_METHODS has stripe.");
            if (string.IsNullOrWhiteSpace(options.WebhookSecret)) faults.Add("STRIPE_WEBHOOK_SECRET is required when PAYMENT_METHODS has stripe.");
        }
        if (production && Uri.TryCreate(options.Url, UriKind.Absolute, out var url) && url.Scheme != Uri.UriSchemeHttps && !url.IsLoopback)
            faults.Add("STRIPE_API_URL must be https in production.");
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}
