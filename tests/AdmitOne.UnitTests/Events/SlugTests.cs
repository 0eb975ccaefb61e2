using System.Text.RegularExpressions;
using AdmitOne.Events.Events;
using AdmitOne.Events.Sections;
using FsCheck;
using FsCheck.Fluent;

namespace AdmitOne.UnitTests.Events;

public sealed partial class SlugTests
{
    [Theory]
    [InlineData("Jazz im Hof!", "jazz-im-hof")]
    [InlineData("  Rock & Roll  ", "rock-and-roll")]
    [InlineData("Don't stop", "dont-stop")]
    [InlineData("Cafe\u0301 Mu\u0308ller", "cafe-muller")]       // decomposed, as PostgreSQL's NFKD gives it
    [InlineData("Straße Øst Ło\u0301dz", "strasse-ost-lodz")]
    [InlineData("2026", "2026")]
    [InlineData("Вечер джаза", "event")]
    [InlineData("---", "event")]
    [InlineData("", "event")]
    [InlineData("0195F2A0-0000-7000-8000-000000000001", "event-0195f2a0-0000-7000-8000-000000000001")]
    public void A_name_becomes_a_readable_slug(string name, string slug) => Assert.Equal(slug, Slug.Of(name));

    [Fact]
    public void Whatever_the_name_its_slug_and_all_candidates_are_ones_the_database_takes()
    {
        Check.QuickThrowOnFailure(Prop.ForAll<string>(name =>
        {
            var slug = Slug.Of(name ?? "");
            return Enumerable.Range(1, 20).Select(attempt => Slug.Candidate(slug, attempt))
                .All(candidate => Readable().IsMatch(candidate) && candidate.Length <= 120 && Slug.IsOne(candidate)) && !Guid.TryParse(slug, out _);
        }));
    }

    [Fact]
    public void A_long_name_is_cut_between_words()
    {
        var slug = Slug.Of(string.Join(' ', Enumerable.Repeat("symphony", 25)));
        Assert.EndsWith("symphony", slug, StringComparison.Ordinal);
        Assert.True(slug.Length <= Slug.MaxLength);
        Assert.Equal(Slug.MaxLength, Slug.Of(new string('x', 200)).Length);
    }

    [Fact]
    public void Later_candidates_differ_from_one_another()
    {
        Assert.Equal(["gala", "gala-2", "gala-3"], Enumerable.Range(1, 3).Select(attempt => Slug.Candidate("gala", attempt)));
        Assert.Equal(10, Enumerable.Repeat(0, 10).Select(_ => Slug.Candidate("gala", 9)).Distinct().Count());
    }

    [Theory]
    [InlineData("Main floor", "MAIN-FLOOR")]
    [InlineData("  Партер, ряд 1 ", "ПАРТЕР-РЯД-1")]
    [InlineData("A very long name of a section", "A-VERY-LONG-NAME-OF")]
    [InlineData("!!!", "SECTION")]
    [InlineData("𝒳𝒳𝒳𝒳𝒳𝒳𝒳𝒳𝒳𝒳𝒳𝒳", "𝒳𝒳𝒳𝒳𝒳𝒳𝒳𝒳𝒳𝒳")]
    public void A_section_gets_a_code_of_its_name(string name, string code) => Assert.Equal(code, SectionCode.Of(name));

    // As the CHECK of events.slug has it.
    [GeneratedRegex("^[a-z0-9](-?[a-z0-9])*$")]
    private static partial Regex Readable();
}
