using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace AdmitOne.Platform.Redis;

public sealed class RedisOptions
{
    /// <summary>Where Redis is.</summary>
    [ConfigurationKeyName("REDIS_HOST"), Required]
    public string Host { get; set; } = "";

    /// <summary>Its port.</summary>
    [ConfigurationKeyName("REDIS_PORT"), Range(1, 65535)]
    public int Port { get; set; } = 6379;

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
    public ValidateOptionsResult Validate(string? name, RedisOptions options) => Configuration.ServiceOptions.IsProductionIn(configuration) && string.IsNullOrEmpty(options.Password)
        ? ValidateOptionsResult.Fail("REDIS_PASSWORD is required in production.")
        : ValidateOptionsResult.Success;
}
