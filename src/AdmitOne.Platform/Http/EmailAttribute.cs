using System.ComponentModel.DataAnnotations;
using AdmitOne.Platform.Text;

namespace AdmitOne.Platform.Http;

/// <summary>An e-mail address that can receive mail, by the rules of <see cref="EmailAddress"/>.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
public sealed class EmailAttribute : StringLengthAttribute
{
    public EmailAttribute() : base(EmailAddress.MaxLength)
    {
        MinimumLength = 3;
        ErrorMessage = "Must be an e-mail address that can receive mail, such as ann@example.com.";
    }

    public override bool IsValid(object? value) => value is null || (value is string text && EmailAddress.TryParse(text, out _));

    public override string FormatErrorMessage(string name) => ErrorMessage!;
}
