using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using AdmitOne.Platform.Text;

namespace AdmitOne.Platform.Http;

/// <summary>The texts of a body, as they are read: each is checked by <see cref="UnicodeText"/>, in a property, a list or a patch.</summary>
internal static class RequestTexts
{
    /// <summary>Makes every property of a type refuse the texts that cannot be taken.</summary>
    public static void CheckWhenRead(JsonTypeInfo type)
    {
        foreach (var property in type.Properties)
        {
            if (property.Set is not { } set || Check(property.PropertyType) is not { } check) continue;
            if (property.AttributeProvider?.IsDefined(typeof(MachineReadAttribute), inherit: true) == true) continue;
            property.Set = (target, value) =>
            {
                check(value);
                set(target, value);
            };
        }
    }

    /// <exception cref="UnusableTextException">A text or a name at or below the element cannot be taken.</exception>
    public static void Check(JsonElement element, string pointer = "")
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                Check(Read(element.GetString, pointer), pointer);
                break;
            case JsonValueKind.Array:
                var place = 0;
                foreach (var item in element.EnumerateArray()) Check(item, $"{pointer}/{place++.ToString(CultureInfo.InvariantCulture)}");
                break;
            case JsonValueKind.Object:
                foreach (var member in element.EnumerateObject())
                {
                    var name = Read(() => member.Name, pointer);
                    Check(name, pointer);
                    Check(member.Value, $"{pointer}/{JsonPointer.Escape(name!)}");
                }
                break;
        }
    }

    private static Action<object?>? Check(Type type) =>
        type == typeof(string) ? static value => Check((string?)value, "")
        : typeof(IEnumerable<string>).IsAssignableFrom(type) ? static value => CheckAll((IEnumerable<string?>?)value)
        : typeof(IEnumerable<KeyValuePair<string, JsonElement>>).IsAssignableFrom(type)
            ? static value => CheckAll((IEnumerable<KeyValuePair<string, JsonElement>>?)value)
        : null;

    private static void CheckAll(IEnumerable<string?>? texts)
    {
        var place = 0;
        foreach (var text in texts ?? []) Check(text, $"/{place++.ToString(CultureInfo.InvariantCulture)}");
    }

    private static void CheckAll(IEnumerable<KeyValuePair<string, JsonElement>>? members)
    {
        foreach (var (name, value) in members ?? [])
        {
            Check(name, "");
            Check(value, $"/{JsonPointer.Escape(name)}");
        }
    }

    private static void Check(string? text, string pointer)
    {
        if (text is not null && UnicodeText.Fault(text) is { } fault) throw new UnusableTextException(fault, pointer);
    }

    // An escape of half a surrogate pair is found when the text is asked for, not when the body is parsed.
    private static string? Read(Func<string?> text, string pointer)
    {
        try
        {
            return text();
        }
        catch (InvalidOperationException)
        {
            throw new UnusableTextException(UnicodeText.HalfAPair, pointer);
        }
    }
}
