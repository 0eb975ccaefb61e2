using AdmitOne.Platform.Text;

namespace AdmitOne.UnitTests.Text;

/// <summary>That it does what PostgreSQL does is tried on every character in the integration tests; these are the cases that a person can read.</summary>
public sealed class NfcTests
{
    [Theory]
    [InlineData("e\u0301", "\u00E9")]                                          // a letter and its mark
    [InlineData("a\u0301\u0323", "\u1EA1\u0301")]                              // marks go into their order first
    [InlineData("q\u0307\u0323", "q\u0323\u0307")]                             // also where nothing is put together
    [InlineData("\u1E9B\u0323", "\u1E9B\u0323")]
    [InlineData("\u212B", "\u00C5")]                                           // the sign of the Ångström is the letter
    [InlineData("\u0958", "\u0915\u093C")]                                     // one of those that are never put together
    [InlineData("\u1100\u1161\u11A8", "\uAC01")]                               // Hangul
    [InlineData("\uAC00\u11A8", "\uAC01")]
    [InlineData("\U0001D15E", "\U0001D157\U0001D165")]                         // beyond the first plane
    [InlineData("\u0301e", "\u0301e")]                                         // a mark that stands before its letter stays
    [InlineData("a\u0315\u0300\u05AE\u0062", "\u00E0\u05AE\u0315\u0062")]
    [InlineData("Straße, naïve, 東京, \U0001F600", "Straße, naïve, 東京, \U0001F600")]
    public void A_text_gets_the_form_that_the_standard_gives_it(string given, string expected)
    {
        Assert.Equal(expected, Nfc.Of(given));
        Assert.Equal(expected, Nfc.Of(Nfc.Of(given)));
    }

    [Fact]
    public void A_text_of_plain_letters_is_not_even_copied()
    {
        var plain = new string('ü', 20);
        Assert.Same(plain, Nfc.Of(plain));
    }
}
