using System.ComponentModel.DataAnnotations;
using AdmitOne.Platform.Text;

namespace AdmitOne.Platform.Http;

/// <summary>
/// Text that a person typed: not blank, one line, not longer than it may be in code points. Which characters a text may have at all is checked
/// where it is read (<see cref="UnicodeText"/>), and here again. (A StringLength, so that the OpenAPI document shows its bounds.)
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
        if (UnicodeText.Length(text) > MaximumLength) return $"At most {MaximumLength} characters.";
        if (!ManyLines && UnicodeText.IsBlank(text)) return "Must not be blank.";
        foreach (var c in text)
        {
            if (char.IsControl(c) && !(ManyLines && c is '\n' or '\t')) return "Control characters are not allowed.";
            if (!ManyLines && c is '\u2028' or '\u2029') return "Must be one line.";
        }
        return UnicodeText.Fault(text);
    }
}
