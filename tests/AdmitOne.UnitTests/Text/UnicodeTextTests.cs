using AdmitOne.Platform.Http;
using AdmitOne.Platform.Text;
using FsCheck;
using FsCheck.Fluent;

namespace AdmitOne.UnitTests.Text;

public sealed class UnicodeTextTests
{
    [Theory]
    [InlineData("")]
    [InlineData("Jazz night")]
    [InlineData("  ")]
    [InlineData("two\r\nlines\tand a tab")]
    [InlineData("Łódź, Þór, 東京ジャズ, เทศกาลดนตรี")]
    [InlineData("\u05E2\u05B6\u05E8\u05B6\u05D1 \u200Fשירה")]
    [InlineData("می\u200Cخواهم")]
    [InlineData("👩\u200D👩\u200D👧 🏳️\u200D🌈 ❤\uFE0F")]
    [InlineData("🏴\U000E0067\U000E0062\U000E0073\U000E0063\U000E0074\U000E007F Glasgow")]
    [InlineData("\uE000 private use")]
    public void What_people_write_can_be_taken(string text) => Assert.Null(UnicodeText.Fault(text));

    [Theory]
    [InlineData("a\0")]
    [InlineData("\u001Fa")]
    [InlineData("a\u007F")]
    [InlineData("a\u0085b")]
    [InlineData("a\u009Fb")]
    [InlineData("abc\u202Etxt.exe")]
    [InlineData("\u202Aa\u202C")]
    [InlineData("a\u2066b\u2069")]
    [InlineData("a\uFFFF")]
    [InlineData("a\uFFFE")]
    [InlineData("a\uFDD0")]
    [InlineData("a\U0001FFFE")]
    [InlineData("a\U0010FFFF")]
    [InlineData("\uFEFFa")]
    [InlineData("a\u206Ab")]
    [InlineData("a\uFFF9b")]
    [InlineData("hidden\U000E0061\U000E0062")]
    [InlineData("🏴 a\U000E0061")]
    [InlineData("\u200B\u200B")]
    [InlineData("\u3164")]
    [InlineData("\u2800")]
    [InlineData(" \u00A0\u2003 ")]
    [InlineData("\u00AD\u034F\u115F\u180E\uFE0F\uFFA0")]
    [InlineData("\u2028")]
    public void What_cannot_be_read_or_misleads_cannot_be_taken(string text) => Assert.NotNull(UnicodeText.Fault(text));

    [Fact]
    public void Half_a_pair_is_refused_wherever_it_stands() =>
        Assert.All([0xD800, 0xDBFF, 0xDC00, 0xDFFF], half => Assert.All(["{0}", "a{0}", "{0}a", "🎉{0}"],
            text => Assert.Equal(UnicodeText.HalfAPair, UnicodeText.Fault(text.Replace("{0}", ((char)half).ToString(), StringComparison.Ordinal)))));

    [Fact]
    public void A_text_is_as_long_as_it_has_code_points() =>
        Prop.ForAll(ArbMap.Default.GeneratorFor<int[]>().Select(numbers => numbers.Select(Point).ToArray()).ToArbitrary(),
            points => UnicodeText.Length(string.Concat(points.Select(char.ConvertFromUtf32))) == points.Length).Check(PropertyCases.Some(1000));

    [Theory]
    [InlineData(150, true)]
    [InlineData(200, true)]
    [InlineData(201, false)]
    public void Bounds_count_code_points(int count, bool fits) =>
        Assert.Equal(fits, new PlainTextAttribute(200).IsValid(string.Concat(Enumerable.Repeat("🎉", count))));

    [Fact]
    public void A_line_has_no_separators_of_lines()
    {
        Assert.NotNull(new PlainTextAttribute(200).Fault("two\u2028lines"));
        Assert.Null(new PlainTextAttribute(200) { ManyLines = true }.Fault("two\u2028lines"));
    }

    private static int Point(int number) => Math.Abs((long)number) % 0x10F800 is var point && point >= 0xD800 ? (int)point + 0x800 : (int)point;
}
