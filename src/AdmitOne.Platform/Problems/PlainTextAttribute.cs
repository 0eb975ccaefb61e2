using System.ComponentModel.DataAnnotations;

namespace AdmitOne.Platform.Problems;

/// <summary>Text of one line for people: something visible, and no control characters.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
public sealed class PlainTextAttribute() : ValidationAttribute("Must be text of one line, without control characters.")
{
    public override bool IsValid(object? value) => value is null || (value is string text && !string.IsNullOrWhiteSpace(text) && !text.Any(char.IsControl));
}
