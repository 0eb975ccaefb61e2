using System.ComponentModel.DataAnnotations;

namespace AdmitOne.Events.Lifecycle;

/// <summary>A word of the state table, such as <c>on_sale</c>.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class EventStatusWordAttribute() : ValidationAttribute($"Must be one of {string.Join(", ", EventStatuses.Words)}.")
{
    public override bool IsValid(object? value) => value is null || (value is string word && EventStatuses.TryRead(word, out _));
}
