using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace AdmitOne.Platform.Redis;

public sealed class RedisOptions
{
    /// <summary>Where Redis is. Not needed with REDIS_SENTINELS.</summary>
    [ConfigurationKeyName("REDIS_HOST")]
    public string Host { get; set; } = "";

    /// <summary>Its port.</summary>
    [ConfigurationKeyName("REDIS_PORT"), Range(1, 65535)]
    public int Port { get; set; } = 6379;

    /// <summary>Redis Sentinels, as <c>a:26379,b:26379,c:26379</c>: they are asked which Redis is the primary, instead of REDIS_HOST and REDIS_PORT, and asked again after a failover.</summary>
    [ConfigurationKeyName("REDIS_SENTINELS")]
    public string? Sentinels { get; set; }

    /// <summary>The name by which the Sentinels know the primary and its replicas.</summary>
    [ConfigurationKeyName("REDIS_SENTINEL_SERVICE"), Required]
    public string SentinelService { get; set; } = "admitone";

    /// <summary>Of the Sentinels themselves, if they ask for one.</summary>
    [ConfigurationKeyName("REDIS_SENTINEL_PASSWORD")]
    public string? SentinelPassword { get; set; }

    /// <summary>The user of Redis' access control list; without one, <c>default</c>.</summary>
    [ConfigurationKeyName("REDIS_USER")]
    public string? User { get; set; }

    /// <summary>Required in production.</summary>
    [ConfigurationKeyName("REDIS_PASSWORD")]
    public string? Password { get; set; }

    /// <summary>The number of the database.</summary>
    [ConfigurationKeyName("REDIS_DB"), Range(0, 15)]
    public int Database { get; set; }

    /// <summary>Speaks TLS to Redis.</summary>
    [ConfigurationKeyName("REDIS_TLS")]
    public bool Tls { get; set; }
}

[OptionsValidator]
internal sealed partial class RedisOptionsAnnotations : IValidateOptions<RedisOptions>;

internal sealed class RedisOptionsRules(IConfiguration configuration) : IValidateOptions<RedisOptions>
{
    public ValidateOptionsResult Validate(string? name, RedisOptions options)
    {
        var faults = new List<string>();
        if (string.IsNullOrEmpty(options.Host) && string.IsNullOrEmpty(options.Sentinels)) faults.Add("REDIS_HOST is required, or REDIS_SENTINELS.");
        if (!string.IsNullOrEmpty(options.Sentinels) && RedisAddresses.Read(options.Sentinels).Count == 0)
            faults.Add("REDIS_SENTINELS must be hosts with or without a port, separated by commas, such as a:26379,b:26379,c:26379.");
        if (Configuration.ServiceOptions.IsProductionIn(configuration) && string.IsNullOrEmpty(options.Password)) faults.Add("REDIS_PASSWORD is required in production.");
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}

/// <summary>Reads REDIS_SENTINELS.</summary>
public static class RedisAddresses
{
    private const int SentinelPort = 26379;

    /// <returns>Empty if one of them is not an address.</returns>
    public static IReadOnlyList<(string Host, int Port)> Read(string addresses)
    {
        ArgumentNullException.ThrowIfNull(addresses);
        var all = new List<(string, int)>();
        foreach (var address in addresses.Split(',', StringSplitOptions.TrimEntries))
        {
            if (!Uri.TryCreate($"redis://{address}", UriKind.Absolute, out var uri) || uri.Host.Length == 0 || uri.PathAndQuery.Length > 1 || uri.UserInfo.Length > 0) return [];
            all.Add((uri.IdnHost, uri.IsDefaultPort ? SentinelPort : uri.Port));
        }
        return all;
    }
}
