using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using AdmitOne.Platform.Text;

namespace AdmitOne.Platform.Http;

/// <summary>How both services read and write JSON: camelCase, snake_case words, instants in UTC, nothing unknown and nothing guessed.</summary>
public static class Json
{
    public const int MaxDepth = 32;

    // One of each for all options: what .NET learns of a type is kept for options that are alike, and two converters are alike only if they are one.
    private static readonly JsonConverter[] s_converters =
        [new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false), new InstantConverter(), new ObjectConverter()];
    private static readonly JsonConverter[] s_ofRequests = [new WholeNumberConverter<int>(), new WholeNumberConverter<long>()];
    private static readonly IJsonTypeInfoResolver s_types = new DefaultJsonTypeInfoResolver().WithAddedModifier(ReadTextsInOneForm);
    private static readonly IJsonTypeInfoResolver s_typesOfRequests = s_types.WithAddedModifier(RequestTexts.CheckWhenRead);

    /// <summary>For answers and stored bodies: the same settings the endpoints use, and what is stored is not judged again.</summary>
    public static JsonSerializerOptions Answers { get; } = Make(Configure);

    /// <summary>For the bodies of requests: texts are checked as they are read, and <c>1.0</c> is an integer.</summary>
    public static JsonSerializerOptions Requests { get; } = Make(ConfigureRequests);

    /// <summary>The settings of <see cref="Requests"/>.</summary>
    public static void ConfigureRequests(JsonSerializerOptions options)
    {
        Configure(options);
        foreach (var converter in s_ofRequests) options.Converters.Add(converter);
        options.TypeInfoResolver = s_typesOfRequests;
    }

    private static void Configure(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.CamelCase;
        options.DictionaryKeyPolicy = null;
        options.PropertyNameCaseInsensitive = false;
        options.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        options.NumberHandling = JsonNumberHandling.Strict;
        options.RespectNullableAnnotations = true;
        options.RespectRequiredConstructorParameters = true;
        options.AllowDuplicateProperties = false;
        options.MaxDepth = MaxDepth;
        options.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;   // answers are application/json, never put into a page as they are
        foreach (var converter in s_converters) options.Converters.Add(converter);
        options.TypeInfoResolver = s_types;
    }

    // Every text that is read into a property is in Unicode's form C from then on, whichever it is: what is stored, compared and searched is alike.
    private static void ReadTextsInOneForm(JsonTypeInfo type)
    {
        foreach (var property in type.Properties)
        {
            if (property.Set is not { } set) continue;
            if (property.PropertyType == typeof(string))
            {
                property.Set = (target, value) => set(target, value is string text ? Nfc.Of(text) : value);
            }
            else if (typeof(IEnumerable<string>).IsAssignableFrom(property.PropertyType))
            {
                property.Set = (target, value) =>
                {
                    if (value is IList<string?> texts)
                        for (var n = 0; n < texts.Count; n++) texts[n] = texts[n] is { } text ? Nfc.Of(text) : null;
                    set(target, value);
                };
            }
        }
    }

    private static JsonSerializerOptions Make(Action<JsonSerializerOptions> configure)
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web);
        configure(options);
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }

    /// <summary>An object as it came, such as a merge patch. The framework's own reader ends in a fault where a property comes twice, instead of saying so.</summary>
    private sealed class ObjectConverter : JsonConverter<JsonObject>
    {
        public override JsonObject? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            var read = JsonSerializer.Deserialize<JsonElement>(ref reader, options);
            if (read.ValueKind != JsonValueKind.Object) throw new JsonException("The JSON value could not be converted to an object.");
            RequestTexts.Check(read);   // a patch is merged before it is read into a type
            return JsonObject.Create(read);
        }

        public override void Write(Utf8JsonWriter writer, JsonObject value, JsonSerializerOptions options) => value.WriteTo(writer, options);
    }

    /// <summary>RFC 3339: read with any offset, also with a small <c>t</c> and <c>z</c>, written in UTC with a Z and no more digits than there are (<c>2026-11-22T19:30:00Z</c>).</summary>
    private sealed class InstantConverter : JsonConverter<DateTimeOffset>
    {
        public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            if (reader.TokenType != JsonTokenType.String || !Instant.TryParse(reader.GetString(), out var instant)) throw new JsonException("The JSON value could not be converted to an instant.");
            return instant;
        }

        public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options)
        {
            Span<byte> text = stackalloc byte[32];
            value.UtcDateTime.TryFormat(text, out var length, "yyyy-MM-ddTHH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);
            writer.WriteStringValue(text[..length]);
        }
    }
}
