using System.Collections;
using System.Globalization;

namespace AdmitOne.Cli.Local;

/// <summary>The variables that a person has set, which win over what is generated.</summary>
public sealed class GivenVariables(IReadOnlyDictionary<string, string> variables)
{
    // What `up` decides for each service, and what would change a host behind the back of its own configuration.
    private static readonly HashSet<string> s_notForServices =
    [
        "PORT", "LOG_FILE", "URLS", "HTTP_PORTS", "HTTPS_PORTS", "DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASSWORD",
        "REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD", "REDIS_DB",
        "DB_MIGRATE_USER", "DB_MIGRATE_PASSWORD", "DB_AUDIT_USER", "DB_AUDIT_PASSWORD",
        "DB_ADMIN_USER", "DB_ADMIN_PASSWORD",
    ];

    private static readonly string[] s_prefixes = ["EVENTS_", "TICKETS_", "IDENTITY_"];

    /// <returns>null if it is not set, or empty.</returns>
    public string? this[string name] => variables.TryGetValue(name, out var value) && value.Length > 0 ? value : null;

    public static GivenVariables OfProcess() =>
        new(Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().ToDictionary(entry => (string)entry.Key, entry => (string)(entry.Value ?? "")));

    /// <exception cref="CannotRunException">It is set, and is no port.</exception>
    public int Port(string name, int byDefault) =>
        this[name] is not { } text ? byDefault
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= 65535 ? port
        : throw new CannotRunException($"{name} must be a port between 1 and 65535");

    /// <summary>Puts what was given for all services, and then for this one by its prefix, over what was generated.</summary>
    /// <param name="prefix">`EVENTS_`, `TICKETS_` or `IDENTITY_`; null for a neighbour.</param>
    public void Over(Dictionary<string, string> settings, string? prefix)
    {
        ArgumentNullException.ThrowIfNull(settings);
        foreach (var (name, value) in variables)
        {
            if (value.Length > 0 && IsForServices(name))
            {
                settings[name] = value;
            }
        }

        foreach (var (name, value) in variables)
        {
            if (prefix is not null && value.Length > 0 && name.StartsWith(prefix, StringComparison.Ordinal) && name[prefix.Length..] is var own and not "PORT")
            {
                settings[own] = value;
            }
        }
    }

    private static bool IsForServices(string name) =>
        !s_notForServices.Contains(name)
        && !s_prefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal))
        && (name == "ASPNETCORE_ENVIRONMENT" || !(name.StartsWith("ASPNETCORE_", StringComparison.Ordinal) || name.StartsWith("DOTNET_", StringComparison.Ordinal)))
        && !name.Contains("__", StringComparison.Ordinal);
}
