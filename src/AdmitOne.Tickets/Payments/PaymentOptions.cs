using System.ComponentModel.DataAnnotations;
using AdmitOne.Platform.Configuration;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace AdmitOne.Tickets.Payments;

public sealed class PaymentOptions
{
    /// <summary>Every method that the contract names.</summary>
    internal static readonly string[] Known = ["free", "cash", "test", "stripe"];

    /// <summary>Methods that buyers may use, separated by commas; of <c>free</c>, <c>cash</c>, <c>test</c> and <c>stripe</c>. Unless told otherwise free,cash,test, and free,cash in production, which refuses <c>test</c>.</summary>
    [ConfigurationKeyName("PAYMENT_METHODS")]
    public string? MethodList { get; set; }

    /// <summary>The least time that a hold still has once its payment has begun.</summary>
    [ConfigurationKeyName("PAYMENT_WINDOW_SECONDS"), Range(1, 3_600)]
    public int WindowSeconds { get; set; } = 300;

    internal string[] Methods(bool production) =>
        (MethodList ?? (production ? "free,cash" : "free,cash,test")).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}

[OptionsValidator]
internal sealed partial class PaymentOptionsAnnotations : IValidateOptions<PaymentOptions>;

internal sealed class PaymentOptionsRules(IConfiguration configuration) : IValidateOptions<PaymentOptions>
{
    public ValidateOptionsResult Validate(string? name, PaymentOptions options)
    {
        var production = ServiceOptions.IsProductionIn(configuration);
        var methods = options.Methods(production);
        if (production && methods.Contains("test")) return ValidateOptionsResult.Fail("PAYMENT_METHODS must not contain test in production.");
        return methods.Except(PaymentOptions.Known).FirstOrDefault() is { } unknown
            ? ValidateOptionsResult.Fail($"PAYMENT_METHODS names {unknown}; known are {string.Join(", ", PaymentOptions.Known)}.")
            : ValidateOptionsResult.Success;
    }
}
