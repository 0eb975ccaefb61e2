using System.Buffers;
using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace AdmitOne.Platform.Http;

/// <summary>An integer as JSON Schema means it: <c>2</c>, <c>2.0</c> and <c>2e0</c> are the same number.</summary>
internal sealed class WholeNumberConverter<T> : JsonConverter<T> where T : struct, IBinaryInteger<T>
{
    private const int MaxDigits = 19;   // of a long

    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.Number && (reader.TryGetInt64(out var number) || TryRead(reader, out number)))
        {
            var read = T.CreateTruncating(number);
            if (long.CreateTruncating(read) == number) return read;
        }
        throw new JsonException($"The JSON value could not be converted to {typeof(T)}.");
    }

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
        writer.WriteNumberValue(long.CreateChecked(value));

    /// <summary>Reads a number of JSON's grammar exactly.</summary>
    /// <returns>False if it has a fraction or is too large.</returns>
    private static bool TryRead(in Utf8JsonReader reader, out long value)
    {
        value = 0;
        var number = Encoding.ASCII.GetString(reader.HasValueSequence ? reader.ValueSequence.ToArray() : reader.ValueSpan);
        var exponentAt = number.IndexOfAny(['e', 'E']);
        if (exponentAt < 0) exponentAt = number.Length;
        var exponent = 0;
        if (exponentAt < number.Length && !TryParse(number[(exponentAt + 1)..], out exponent)) return false;
        var sign = number[0] == '-' ? "-" : "";
        var mantissa = number[sign.Length..exponentAt].Split('.');
        var shift = (long)exponent - (mantissa.Length > 1 ? mantissa[1].Length : 0);
        var digits = string.Concat(mantissa).TrimStart('0');
        var significant = digits.TrimEnd('0');
        shift += digits.Length - significant.Length;
        if (significant.Length == 0) return true;
        return shift >= 0 && significant.Length + shift <= MaxDigits && TryParse(sign + significant + new string('0', (int)shift), out value);
    }

    private static bool TryParse<TNumber>(string text, out TNumber number) where TNumber : struct, IBinaryInteger<TNumber> =>
        TNumber.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);
}
