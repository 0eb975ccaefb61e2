using System.Globalization;
using System.Text.Json;
using AdmitOne.Platform.Http;
using FsCheck;
using FsCheck.Fluent;

namespace AdmitOne.UnitTests.Http;

public sealed class JsonTests
{
    [Theory]
    [InlineData("1.0", 1)]
    [InlineData("1e0", 1)]
    [InlineData("1E+0", 1)]
    [InlineData("10e-1", 1)]
    [InlineData("0.2e1", 2)]
    [InlineData("-3.000", -3)]
    [InlineData("-0.0", 0)]
    [InlineData("0e99", 0)]
    [InlineData("1.2e2", 120)]
    [InlineData("2147483647.0", int.MaxValue)]
    public void A_number_without_a_fraction_is_an_integer_however_it_is_written(string json, int value) => Assert.Equal(value, JsonSerializer.Deserialize<int>(json, Json.Requests));

    [Theory]
    [InlineData("1.5")]
    [InlineData("1e-1")]
    [InlineData("1.00000000000000000000000000000000000001")]
    [InlineData("2147483648")]
    [InlineData("2147483648.0")]
    [InlineData("1e99999999999")]
    [InlineData("9e18")]
    [InlineData("\"1\"")]
    [InlineData("true")]
    [InlineData("null")]
    public void What_has_a_fraction_or_is_too_large_or_no_number_is_none(string json) =>
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<int>(json, Json.Requests));

    [Fact]
    public void Every_long_is_read_as_it_is_with_zeros_behind_the_point_and_with_an_exponent() =>
        Prop.ForAll(ArbMap.Default.ArbFor<long>(), number =>
        {
            var text = number.ToString(CultureInfo.InvariantCulture);
            return new[] { text, text + ".00", (number == 0 ? "" : text) + "0e-1", text + ".0e0" }.All(json => JsonSerializer.Deserialize<long>(json, Json.Requests) == number);
        }).Check(PropertyCases.Some(1000));

    [Theory]
    [InlineData("2026-11-22T19:30:00Z", "2026-11-22T19:30:00Z")]
    [InlineData("2026-11-22t19:30:00z", "2026-11-22T19:30:00Z")]
    [InlineData("2026-11-22t20:30:00.1234567+01:00", "2026-11-22T19:30:00.123456Z")]
    [InlineData("2026-11-22T19:30:00-00:00", "2026-11-22T19:30:00Z")]
    public void An_instant_is_rfc_3339_in_either_case(string text, string instant)
    {
        Assert.True(Instant.TryParse(text, out var read));
        Assert.Equal(DateTimeOffset.Parse(instant, CultureInfo.InvariantCulture), read);
        Assert.Equal(read, JsonSerializer.Deserialize<DateTimeOffset>($"\"{text}\"", Json.Requests));
    }

    [Theory]
    [InlineData("2026-11-22T19:30:00")]
    [InlineData("2026-11-22")]
    [InlineData("2026-11-22 19:30:00Z")]
    [InlineData("2026-11-22T19:30:00 01:00")]
    [InlineData("2026-11-22T19:30:00CET")]
    [InlineData("2026-13-22T19:30:00Z")]
    [InlineData("2026-11-22T19:30:00Z\"")]
    [InlineData("22.11.2026T19:30:00Z")]
    [InlineData("now")]
    [InlineData("")]
    [InlineData(null)]
    public void What_lacks_an_offset_or_is_no_instant_is_none(string? text) => Assert.False(Instant.TryParse(text, out _));

    [Theory]
    [InlineData("$", "")]
    [InlineData(null, "")]
    [InlineData("$.items[0].quantity", "/items/0/quantity")]
    [InlineData("$.a['b.c'][12]", "/a/b.c/12")]
    [InlineData("$['a/b~c']", "/a~1b~0c")]
    public void A_path_of_the_serializer_is_a_json_pointer(string? path, string pointer) => Assert.Equal(pointer, JsonPointer.FromPath(path));
}
