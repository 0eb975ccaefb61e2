using System.ComponentModel.DataAnnotations;
using System.Text.RegularExpressions;
using AdmitOne.Platform.Configuration;
using Microsoft.Extensions.Options;

namespace AdmitOne.Events.Events;

/// <summary>The IANA time zones of this machine.</summary>
internal static partial class TimeZones
{
    // Other files of that folder: the machine's own choice, and the same zones counted otherwise.
    private static readonly string[] s_notIana = ["localtime", "posixrules", "Factory", "posix", "right"];

    /// <returns>The zone's name as IANA writes it, or null if there is no such zone.</returns>
    public static string? Find(string id) => IanaName().IsMatch(id) && !s_notIana.Contains(id.Split('/')[0]) && TimeZoneInfo.TryFindSystemTimeZoneById(id, out var zone) ? zone.Id : null;

    // Names become paths below the machine's zone folder: nothing that climbs out of it, and none of the folder's other files.
    [GeneratedRegex(@"^[A-Za-z][A-Za-z0-9_+-]{0,31}(/[A-Za-z0-9_+-]{1,31}){0,2}$", RegexOptions.NonBacktracking)]
    private static partial Regex IanaName();
}

/// <summary>An IANA time zone, such as <c>Europe/Berlin</c>.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class TimeZoneNameAttribute() : ValidationAttribute("Must be an IANA time zone, such as Europe/Berlin.")
{
    public override bool IsValid(object? value) => value is null || (value is string id && TimeZones.Find(id) is not null);
}

/// <summary>Without the zone files every event would be refused; better not to start, and to say what is missing.</summary>
internal sealed class TimeZonesInstalled : IValidateOptions<ServiceOptions>
{
    public ValidateOptionsResult Validate(string? name, ServiceOptions options) => TimeZones.Find("Europe/Berlin") is null
        ? ValidateOptionsResult.Fail("This machine has no time zone data: install tzdata (apt-get install tzdata, dnf install tzdata, apk add tzdata), or point TZDIR at it.")
        : ValidateOptionsResult.Success;
}
