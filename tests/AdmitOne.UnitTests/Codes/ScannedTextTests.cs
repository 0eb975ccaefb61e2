using AdmitOne.Tickets.Codes;
using FsCheck;
using FsCheck.Fluent;

namespace AdmitOne.UnitTests.Codes;

public sealed class ScannedTextTests
{
    private static readonly string[] s_around = ["\n", "\r", "\r\n", "\t", " ", "]Q1", "]Q3", "]C1", "\uFEFF", "\u200B", "\u00A0", "\u0002", "\u0003", "\u001D"];

    // Of a version-1 code the first character may be a blank (for six of the 256 ids of keys), the second never is; the last is a digit.
    private static readonly Gen<string> s_codes =
        from keyId in Gen.Choose(0, 255)
        from length in Gen.Elements(TicketCodes.StaticBytes, TicketCodes.RotatingBytes)
        from rest in Gen.Choose(0, 255).ArrayOf(length - 2)
        select Base45.Encode([1, (byte)keyId, .. rest.Select(b => (byte)b)]);

    [Fact]
    public void What_scanners_send_around_a_code_is_taken_off() =>
        Prop.ForAll(s_codes.ToArbitrary(), Gen.Elements(s_around).ListOf().ToArbitrary(), Gen.Elements(s_around.Where(a => a[0] != ']').ToArray()).ListOf().ToArbitrary(),
            (code, before, behind) => ScannedText.Trim(string.Concat(before) + code + string.Concat(behind)).SequenceEqual(code)).Check(PropertyCases.Some(500));

    [Theory, InlineData(5), InlineData(50), InlineData(230)]
    public void A_code_that_begins_with_a_blank_keeps_it(int keyId)
    {
        foreach (var bytes in new[] { TicketCodes.StaticBytes, TicketCodes.RotatingBytes })
        {
            var code = Base45.Encode([1, (byte)keyId, .. new byte[bytes - 2]]);
            Assert.Equal(' ', code[0]);
            Assert.Equal(code, ScannedText.Trim("  " + code + " \r\n").ToString());
        }
    }

    [Theory]
    [InlineData("", "")]
    [InlineData(" \r\n", "")]
    [InlineData("hello", "hello")]
    [InlineData(" hello there ", "hello there")]
    [InlineData("]", "]")]
    [InlineData("]Q", "]Q")]
    [InlineData("]Q1", "")]
    public void Other_texts_stay_no_codes(string text, string left) => Assert.Equal(left, ScannedText.Trim(text).ToString());
}
