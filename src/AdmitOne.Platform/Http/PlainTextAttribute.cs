using System.ComponentModel.DataAnnotations;

namespace AdmitOne.Platform.Http;

/// <summary>
/// Text that a person typed: not blank, no control characters, not longer than it may be. PostgreSQL cannot store a NUL, and the others
/// have no business in a name. (A StringLength, so that the OpenAPI document shows its bounds.)
/// </summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
public sealed class PlainTextAttribute : StringLengthAttribute
{
    public PlainTextAttribute(int maximumLength) : base(maximumLength) => MinimumLength = 1;

    /// <summary>Line feeds and tabs are allowed, and it may be empty.</summary>
    public bool ManyLines
    {
        get;
        init => MinimumLength = (field = value) ? 0 : 1;
    }

    public override bool IsValid(object? value) => value is not string text || Fault(text) is null;

    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext) =>
        value is string text && Fault(text) is { } fault
            ? new ValidationResult(fault, validationContext.MemberName is { } member ? [member] : null)
            : ValidationResult.Success;

    /// <returns>The rule that the text breaks, or null.</returns>
    public string? Fault(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length > MaximumLength) return $"At most {MaximumLength} characters.";
        if (!ManyLines && string.IsNullOrWhiteSpace(text)) return "Must not be blank.";
        foreach (var c in text)
            if (char.IsControl(c) && !(ManyLines && c is '\n' or '\t')) return "Control characters are not allowed.";
        return null;
    }
}
