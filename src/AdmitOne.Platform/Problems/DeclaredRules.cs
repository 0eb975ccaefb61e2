using System.Collections.Concurrent;
using System.ComponentModel.DataAnnotations;
using System.Reflection;

namespace AdmitOne.Platform.Problems;

/// <summary>
/// The rules that a type's properties declare, for a route that asks for them itself: the framework's validation costs more than the rest of a call that is
/// made ten thousand times a second. It is for types without parts: what a part declares would be passed over.
/// </summary>
public static class DeclaredRules
{
    private static readonly ConcurrentDictionary<Type, Rule[]?> s_ruled = new();

    /// <returns>What the framework's validation would answer, or null when nothing is broken.</returns>
    /// <exception cref="ArgumentException">The type has parts of a type of ours.</exception>
    public static Refusal? Broken(object value)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (s_ruled.GetOrAdd(value.GetType(), Read) is { } rules && Keeps(value, rules)) return null;
        // The words are the framework's.
        var broken = new List<ValidationResult>();
        return Validator.TryValidateObject(value, new ValidationContext(value), broken, validateAllProperties: true)
            ? null
            : ValidationAnswers.Refuse(broken.SelectMany(one => one.MemberNames, (one, member) => KeyValuePair.Create(member, new[] { one.ErrorMessage ?? "" })));
    }

    private static bool Keeps(object value, Rule[] rules)
    {
        foreach (var (read, attribute) in rules)
            if (!attribute.IsValid(read(value))) return false;
        return true;
    }

    // Null for a type of which a rule looks at more than one property: it is left to the framework.
    private static Rule[]? Read(Type type)
    {
        var properties = type.GetProperties(BindingFlags.Public | BindingFlags.Instance);
        if (properties.FirstOrDefault(property => IsPart(property.PropertyType)) is { } part) throw new ArgumentException($"{type.Name}.{part.Name} may have rules of its own; leave the type to the framework.");
        var rules = properties.SelectMany(property => property.GetCustomAttributes<ValidationAttribute>(), (property, attribute) => new Rule(Reader(property), attribute)).ToArray();
        return typeof(IValidatableObject).IsAssignableFrom(type) || type.IsDefined(typeof(ValidationAttribute)) || rules.Any(rule => rule.Attribute.RequiresValidationContext) ? null : rules;
    }

    private static bool IsPart(Type type) => type.GetGenericArguments().Append(type.GetElementType() ?? type)
        .Any(kind => kind is { IsEnum: false, Namespace: { } home } && home.StartsWith("AdmitOne.", StringComparison.Ordinal));

    private static Func<object, object?> Reader(PropertyInfo property) =>
        (Func<object, object?>)s_reader.MakeGenericMethod(property.DeclaringType!, property.PropertyType).Invoke(null, [property.GetMethod!])!;

    private static readonly MethodInfo s_reader = typeof(DeclaredRules).GetMethod(nameof(MakeReader), BindingFlags.NonPublic | BindingFlags.Static)!;

    private static Func<object, object?> MakeReader<TObject, TProperty>(MethodInfo getter)
    {
        var get = getter.CreateDelegate<Func<TObject, TProperty>>();
        return value => get((TObject)value);
    }

    private readonly record struct Rule(Func<object, object?> Read, ValidationAttribute Attribute);
}
