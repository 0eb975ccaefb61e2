using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;

namespace AdmitOne.Platform.Configuration;

/// <summary>Says a validator's finding in the words of the one who set the variable: <c>JWT_SECRET</c>, not <c>JwtOptions.Secret</c>.</summary>
internal static class SettingNames
{
    public static string Speak(Type options, string failure)
    {
        foreach (var property in options.GetProperties())
        {
            if (property.GetCustomAttribute<ConfigurationKeyNameAttribute>()?.Name is not { } name) continue;
            failure = failure.Replace($"{options.Name}.{property.Name}", name, StringComparison.Ordinal);
            failure = Regex.Replace(failure, $"^{property.Name}: ", "", RegexOptions.None, TimeSpan.FromSeconds(1));
        }
        return failure;
    }
}
