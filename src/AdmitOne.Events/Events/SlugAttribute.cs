using System.ComponentModel.DataAnnotations;

namespace AdmitOne.Events.Events;

/// <summary>A slug that an organiser chooses; an id is none, as both stand in the same place of an address.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class SlugAttribute() : ValidationAttribute($"Letters and digits of any script with single hyphens between them, at most {Slug.MaxLength} characters, and not an id.")
{
    public override bool IsValid(object? value) =>
        value is not string text || (text.Length <= Slug.MaxLength && Slug.IsOne(Slug.Normalize(text)) && !Guid.TryParse(text, out _));
}
