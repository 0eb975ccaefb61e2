using System.ComponentModel.DataAnnotations;
using AdmitOne.Platform.Configuration;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace AdmitOne.Tickets.Minting;

public sealed class MintingOptions
{
    /// <summary>Has each ticket minted as a token. Off: nobody is called, and nothing waits to be.</summary>
    [ConfigurationKeyName("ENABLE_NFT_MINTING")]
    public bool Enabled { get; set; }

    /// <summary>Who mints; needed with <c>ENABLE_NFT_MINTING</c>, and https in production unless the host is inside the cluster.</summary>
    [ConfigurationKeyName("MINTING_SERVICE_URL"), Url]
    public string? Url { get; set; }

    /// <summary>A job that was sent and not answered for so long is asked about again; each time for twice as long.</summary>
    [ConfigurationKeyName("MINTING_ANSWER_SECONDS"), Range(1, 86_400)]
    public int AnswerSeconds { get; set; } = 300;

    /// <summary>How soon a job that failed is tried again; each time it takes about twice as long, up to an hour.</summary>
    [ConfigurationKeyName("MINTING_RETRY_SECONDS"), Range(1, 3_600)]
    public int RetrySeconds { get; set; } = 5;

    /// <summary>After so many attempts a job is a dead letter, until somebody replays it.</summary>
    [ConfigurationKeyName("MINTING_MAX_ATTEMPTS"), Range(1, 100)]
    public int MaxAttempts { get; set; } = 12;
}

[OptionsValidator]
internal sealed partial class MintingOptionsAnnotations : IValidateOptions<MintingOptions>;

internal sealed class MintingOptionsRules(IConfiguration configuration) : IValidateOptions<MintingOptions>
{
    public ValidateOptionsResult Validate(string? name, MintingOptions options)
    {
        if (!options.Enabled) return ValidateOptionsResult.Success;
        if (string.IsNullOrEmpty(options.Url)) return ValidateOptionsResult.Fail("MINTING_SERVICE_URL is needed with ENABLE_NFT_MINTING.");
        if (!Uri.TryCreate(options.Url, UriKind.Absolute, out var url)) return ValidateOptionsResult.Skip;   // the annotations say so
        return ServiceOptions.IsProductionIn(configuration) && url.Scheme != Uri.UriSchemeHttps && !NeighbourUrl.IsInsideCluster(url)
            ? ValidateOptionsResult.Fail("MINTING_SERVICE_URL must be https in production, unless its host is inside the cluster.")
            : ValidateOptionsResult.Success;
    }
}
