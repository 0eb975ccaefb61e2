using System.ComponentModel.DataAnnotations;

namespace AdmitOne.Platform.Configuration;

/// <summary>A secret of at least 32 characters that nobody could have typed as a placeholder. An empty optional one passes.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class SecretAttribute : ValidationAttribute
{
    public const int MinLength = 32;

    private static readonly string[] s_placeholders = ["changeme", "change-me", "change_me", "replace", "your-secret", "password123", "example"];

    public override bool IsValid(object? value) => value is not string { Length: > 0 } secret || Fault(secret) is null;

    // One line that names the variable, never its value.
    public override string FormatErrorMessage(string name) =>
        $"{name} must be a random secret of at least {MinLength} characters; a default-looking or repeated-character value is refused.";

    private static string? Fault(string secret)
    {
        if (secret.Length < MinLength) return "short";
        if (secret.Distinct().Count() < 6) return "repeated";
        return s_placeholders.Any(p => secret.Contains(p, StringComparison.OrdinalIgnoreCase)) ? "placeholder" : null;
    }
}
