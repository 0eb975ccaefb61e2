using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace AdmitOne.Platform.Configuration;

/// <summary>One secret used for two purposes is one leak that breaks both: a repeated value stops the start.</summary>
internal sealed class DistinctSecrets(IConfiguration configuration) : IValidateOptions<ServiceOptions>
{
    private static readonly string[] s_names =
    [
        "JWT_SECRET", "JWT_SECRET_PREVIOUS", "QR_ENCRYPTION_KEY", "QR_ENCRYPTION_KEY_PREVIOUS", "INTERNAL_API_KEY", "INTERNAL_API_KEY_PREVIOUS",
        "INTERNAL_WEBHOOK_SECRET", "INTERNAL_WEBHOOK_SECRET_PREVIOUS", "DB_PASSWORD", "REDIS_PASSWORD", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET",
        "PAYMENT_WEBHOOK_SECRET", "MINTING_WEBHOOK_SECRET",   // what was before them may be INTERNAL_WEBHOOK_SECRET
    ];

    public ValidateOptionsResult Validate(string? name, ServiceOptions options)
    {
        var repeated = s_names.Where(n => !string.IsNullOrEmpty(configuration[n])).GroupBy(n => configuration[n], StringComparer.Ordinal)
            .Where(same => same.Count() > 1)
            .Select(same => $"{string.Join(" and ", same)} have the same value: give each secret its own.").ToArray();
        return repeated.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(repeated);
    }
}
