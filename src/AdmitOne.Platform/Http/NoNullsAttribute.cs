using System.Collections;
using System.ComponentModel.DataAnnotations;

namespace AdmitOne.Platform.Http;

/// <summary>A list without holes: JSON can put <c>null</c> where the type says there is none.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class NoNullsAttribute() : ValidationAttribute("Must not contain null.")
{
    public override bool IsValid(object? value) => value is not IEnumerable items || items.Cast<object?>().All(item => item is not null);
}
