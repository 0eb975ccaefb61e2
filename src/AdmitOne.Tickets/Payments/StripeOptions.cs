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

    /// <summary>The account's secret key, or a restricted one (<c>sk_…</c>, <c>rk_…</c>; no test key in production); needed when <c>PAYMENT_METHODS</c> has <c>stripe</c>.</summary>
    [ConfigurationKeyName("STRIPE_SECRET_KEY")]
    public string? SecretKey { get; set; }

    /// <summary>The account's publishable key (<c>pk_…</c>), of the same mode as the secret one; shops read it at <c>/api/v1/events/{id}/payment-methods</c>.</summary>
    [ConfigurationKeyName("STRIPE_PUBLISHABLE_KEY")]
    public string? PublishableKey { get; set; }

    /// <summary>The signing secret (<c>whsec_…</c>) of the endpoint <c>/api/v1/webhooks/stripe</c>; needed when <c>PAYMENT_METHODS</c> has <c>stripe</c>.</summary>
    [ConfigurationKeyName("STRIPE_WEBHOOK_SECRET")]
    public string? WebhookSecret { get; set; }

    /// <summary>Whether the tickets of an order are blocked while its payment is disputed.</summary>
    [ConfigurationKeyName("STRIPE_DISPUTES_BLOCK")]
    public bool DisputesBlock { get; set; } = true;
}

[OptionsValidator]
internal sealed partial class StripeOptionsAnnotations : IValidateOptions<StripeOptions>;

internal sealed class StripeOptionsRules(IConfiguration configuration) : IValidateOptions<StripeOptions>
{
    private const int LeastKeyLength = 8;

    public ValidateOptionsResult Validate(string? name, StripeOptions options)
    {
        var production = ServiceOptions.IsProductionIn(configuration);
        var isUsed = new PaymentOptions { MethodList = configuration["PAYMENT_METHODS"] }.Methods(production).Contains("stripe");
        string?[] faults =
        [
            Fault("STRIPE_SECRET_KEY", options.SecretKey, "secret key", ["sk_test_", "sk_live_", "rk_test_", "rk_live_"]),
            Fault("STRIPE_WEBHOOK_SECRET", options.WebhookSecret, "signing secret", ["whsec_"]),
            Fault("STRIPE_PUBLISHABLE_KEY", options.PublishableKey, "publishable key", ["pk_test_", "pk_live_"]),
            isUsed && string.IsNullOrWhiteSpace(options.SecretKey) ? "STRIPE_SECRET_KEY is missing, and buyers may pay by stripe." : null,
            isUsed && string.IsNullOrWhiteSpace(options.WebhookSecret) ? "STRIPE_WEBHOOK_SECRET is missing, and buyers may pay by stripe." : null,
            production && IsTest(options.SecretKey) ? "STRIPE_SECRET_KEY is a test key, which takes no money: production needs the live one." : null,
            production && IsTest(options.PublishableKey) ? "STRIPE_PUBLISHABLE_KEY is a test key: production needs the live one." : null,
            !string.IsNullOrEmpty(options.PublishableKey) && !string.IsNullOrEmpty(options.SecretKey) && IsTest(options.PublishableKey) != IsTest(options.SecretKey)
                ? "STRIPE_PUBLISHABLE_KEY and STRIPE_SECRET_KEY are of different modes: give both test keys or both live keys." : null,
            production && Uri.TryCreate(options.Url, UriKind.Absolute, out var url) && url.Scheme != Uri.UriSchemeHttps && !url.IsLoopback ? "STRIPE_API_URL must be https in production." : null,
        ];
        return faults.Any(fault => fault is not null) ? ValidateOptionsResult.Fail(faults.OfType<string>()) : ValidateOptionsResult.Success;
    }

    private static bool IsTest(string? key) => key?.Contains("_test_", StringComparison.Ordinal) == true;

    // It says what kind of key was given, and never the key.
    private static string? Fault(string variable, string? value, string what, string[] prefixes)
    {
        if (string.IsNullOrEmpty(value)) return null;
        var prefix = prefixes.FirstOrDefault(p => value.StartsWith(p, StringComparison.Ordinal));
        if (prefix is null)
        {
            var given = value.Split('_', 2)[0] switch
            {
                "sk" => "a secret key (sk_…)",
                "rk" => "a restricted key (rk_…)",
                "pk" => "a publishable key (pk_…)",
                "whsec" => "a webhook's signing secret (whsec_…)",
                _ => "no key of Stripe's",
            };
            return $"{variable} is {given}: give the account's {what}, which begins with {string.Join(" or ", prefixes)}.";
        }
        return value.Length < prefix.Length + LeastKeyLength || value.Any(c => c is <= ' ' or > '~')
            ? $"{variable} is cut off or has characters that no {what} has: copy it from Stripe's dashboard again."
            : null;
    }
}
