using AdmitOne.Tickets.Scans;

namespace AdmitOne.UnitTests.Scans;

public sealed class InitialsTests
{
    [Theory]
    [InlineData("Ada Lovelace", null, "AL")]
    [InlineData("  ada   lovelace ", "grace@people.example", "AL")]
    [InlineData("a b c d", null, "ABC")]
    [InlineData("élise 😀 ß", null, "É😀ß")]
    [InlineData("O. de la Cruz", null, "ODL")]
    [InlineData(null, "grace.b.hopper@people.example", "GBH")]
    [InlineData(null, "grace@hop@per.example", "G")]
    [InlineData(null, "grace", "G")]
    [InlineData("", "grace@people.example", null)]
    [InlineData("   ", null, null)]
    [InlineData(null, "@people.example", null)]
    [InlineData(null, null, null)]
    public void The_door_is_told_the_first_letters_of_up_to_three_names(string? name, string? email, string? initials) => Assert.Equal(initials, Initials.Of(name, email));
}
