using System.ComponentModel.DataAnnotations;

namespace AdmitOne.Platform.Problems;

/// <summary>
/// The rules that a type's properties declare, for a route that does not ask them of every call: the framework's validation of a query costs more
/// than a remembered answer to it.
/// </summary>
public static class DeclaredRules
{
    /// <returns>What the framework's validation would answer, or null when nothing is broken.</returns>
    public static Refusal? Broken(object value)
    {
        ArgumentNullException.ThrowIfNull(value);
        var broken = new List<ValidationResult>();
        return Validator.TryValidateObject(value, new ValidationContext(value), broken, validateAllProperties: true)
            ? null
            : ValidationAnswers.Refuse(broken.SelectMany(one => one.MemberNames, (one, member) => KeyValuePair.Create(member, new[] { one.ErrorMessage ?? "" })));
    }
}
