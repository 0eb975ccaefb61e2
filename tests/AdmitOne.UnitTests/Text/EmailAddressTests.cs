using System.Globalization;
using AdmitOne.Platform.Text;
using FsCheck;
using FsCheck.Fluent;

namespace AdmitOne.UnitTests.Text;

public sealed class EmailAddressTests
{
    [Theory]
    [InlineData("ann@example.com", "ann@example.com")]
    [InlineData("  Ann.O'Hara+tickets@Example.COM ", "ann.o'hara+tickets@example.com")]
    [InlineData("customer@demo.example", "customer@demo.example")]
    [InlineData("ΝΙΚΟΣ@example.gr", "νικοσ@example.gr")]
    [InlineData("νικος@example.gr", "νικοσ@example.gr")]
    [InlineData("жж@ПРИМЕР.рф", "жж@пример.рф")]
    [InlineData("жж@xn--e1afmkfd.xn--p1ai", "жж@пример.рф")]
    [InlineData("info@Bücher.example", "info@bücher.example")]
    [InlineData("info@XN--BCHER-KVA.example", "info@bücher.example")]
    [InlineData("info@bu\u0308cher.example", "info@bücher.example")]
    [InlineData("jose\u0301@example.test", "josé@example.test")]
    [InlineData("a_b-c=d@1and1.example", "a_b-c=d@1and1.example")]
    public void An_address_has_one_spelling(string text, string address)
    {
        Assert.True(EmailAddress.TryParse(text, out var parsed), text);
        Assert.Equal(address, parsed);
        Assert.Equal(address, EmailAddress.Fold(text));
    }

    [Theory]
    [InlineData("")]
    [InlineData("ann")]
    [InlineData("@example.com")]
    [InlineData("ann@")]
    [InlineData("ann@example")]
    [InlineData("ann@@example.com")]
    [InlineData("ann@bob@example.com")]
    [InlineData("jo@example,test")]
    [InlineData("jo,ann@example.test")]
    [InlineData("jo@example.test.")]
    [InlineData("jo.@example.test")]
    [InlineData(".jo@example.test")]
    [InlineData("j..o@example.test")]
    [InlineData("jo@.example.test")]
    [InlineData("jo@example..test")]
    [InlineData("jo@-example.test")]
    [InlineData("jo@example-.test")]
    [InlineData("jo@exa_mple.test")]
    [InlineData("jo@127.0.0.1")]
    [InlineData("jo@[127.0.0.1]")]
    [InlineData("jo ann@example.test")]
    [InlineData("\"jo ann\"@example.test")]
    [InlineData("Jo <jo@example.test>")]
    [InlineData("mailto:jo@example.test")]
    [InlineData("jo;ann@example.test")]
    [InlineData("jo\u200B@example.test")]
    [InlineData("jo@example\u200B.test")]
    [InlineData("jo@exam\u00ADple.test")]
    [InlineData("jo\u200D@example.test")]
    [InlineData("\uFEFFjo@example.test")]
    [InlineData("jo@example.test\u202E")]
    [InlineData("jo\n@example.test")]
    [InlineData("jo@xn--a.test")]
    [InlineData("jo@xn--999999999.test")]
    [InlineData("jo@example.🎉")]
    public void What_can_receive_no_mail_is_no_address(string text) => Assert.False(EmailAddress.TryParse(text, out _), text);

    [Fact]
    public void Its_parts_are_as_long_as_mail_allows()
    {
        Assert.True(EmailAddress.TryParse(new string('a', 64) + "@example.test", out _));
        Assert.False(EmailAddress.TryParse(new string('a', 65) + "@example.test", out _));
        Assert.False(EmailAddress.TryParse(new string('é', 33) + "@example.test", out _));
        Assert.True(EmailAddress.TryParse("a@" + new string('b', 63) + ".test", out _));
        Assert.False(EmailAddress.TryParse("a@" + new string('b', 64) + ".test", out _));
        Assert.False(EmailAddress.TryParse("a@" + string.Concat(Enumerable.Repeat("abcdefghi.", 25)) + "test", out _));
    }

    [Fact]
    public void Folding_twice_is_folding_once_and_case_and_spelling_do_not_matter()
    {
        var letters = "abzäöüßéñçøłžшжяαβγσςωאבגकखก東京ünïé09-".EnumerateRunes().Select(rune => rune.ToString()).ToArray();
        var label = Gen.Elements(letters).ListOf(8).Select(parts => "x" + string.Concat(parts) + "x");
        Prop.ForAll(Gen.Two(label).ToArbitrary(), pair =>
        {
            var text = $"{pair.Item1}@{pair.Item2}.example";
            if (!EmailAddress.TryParse(text, out var address)) return true;
            return EmailAddress.Fold(address) == address && EmailAddress.Fold(text.ToUpperInvariant()) == address
                && EmailAddress.Fold($"{pair.Item1}@{new IdnMapping().GetAscii(address[(address.IndexOf('@', StringComparison.Ordinal) + 1)..])}") == address;
        }).Check(PropertyCases.Some(2000));
    }
}
