using AdmitOne.Cli.Doctor;

namespace AdmitOne.Cli.Checklists;

/// <summary>One variable of one service, as the service would read it.</summary>
/// <param name="wanted">What it should be, in words.</param>
/// <param name="byDefault">What the service takes when it is not set; null if it must be set.</param>
internal sealed class SettingProbe(string service, string variable, string wanted, Func<string, bool> isGood, string? byDefault = null) : Probe(variable)
{
    public override Task<IReadOnlyList<Finding>> LookAsync(Patient patient, CancellationToken cancellationToken)
    {
        var settings = Running.Told(patient, service).Settings;
        var value = Name == "ENVIRONMENT" ? settings["ENVIRONMENT"] ?? settings["NODE_ENV"] ?? settings["ASPNETCORE_ENVIRONMENT"] : settings[Name];
        var given = !string.IsNullOrEmpty(value);
        var isSecret = Name.Contains("SECRET", StringComparison.Ordinal) || Name.Contains("KEY", StringComparison.Ordinal) || Name.Contains("PASSWORD", StringComparison.Ordinal) || Name.Contains("DSN", StringComparison.Ordinal);
        var effective = given ? value! : byDefault;
        var said = !given ? effective is null ? "not set" : $"not set, so {effective}" : isSecret ? "set" : $"{effective}";
        return Task.FromResult(One(Finding.If(effective is not null && isGood(effective), $"{Name} is {said}; wanted: {wanted}", $"Set {Name} (docs/configuration.md).")));
    }

    /// <summary>Any value.</summary>
    public static SettingProbe Given(string service, string variable, string? byDefault = null) => new(service, variable, "a value", _ => true, byDefault);

    /// <summary>A secret as the services take them.</summary>
    public static SettingProbe Secret(string service, string variable) =>
        new(service, variable, "a random secret of at least 32 characters", value => new Platform.Configuration.SecretAttribute().IsValid(value));

    public static SettingProbe Number(string service, string variable, int number, int byDefault) =>
        new(service, variable, number.ToString(System.Globalization.CultureInfo.InvariantCulture), value => value == number.ToString(System.Globalization.CultureInfo.InvariantCulture), byDefault.ToString(System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>One of several words.</summary>
    public static SettingProbe OneOf(string service, string variable, string? byDefault, params string[] words) => new(service, variable, string.Join(" or ", words), value => words.Contains(value), byDefault);

    public static SettingProbe Url(string service, string variable) => new(service, variable, "a URL", value => Uri.TryCreate(value, UriKind.Absolute, out var url) && url.Scheme is "http" or "https");
}
