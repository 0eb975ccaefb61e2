using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using AdmitOne.Platform.Text;
using Microsoft.AspNetCore.Identity;

namespace AdmitOne.Identity.People;

/// <summary>Which passwords are taken: 12 to 128 characters, not blank, not the address, and none of the common ones.</summary>
internal static partial class PasswordRules
{
    public const int MinLength = 12;
    public const int MaxLength = 128;

    /// <returns>The rule that the password breaks, or null.</returns>
    public static string? Fault(string password, string email)
    {
        if (password.Length is < MinLength or > MaxLength) return $"Use {MinLength} to {MaxLength} characters.";
        if (password.EnumerateRunes().All(IsInvisible)) return "Must not be blank.";
        var (folded, address) = (EmailAddress.Fold(password), EmailAddress.Fold(email));
        if (folded == address || folded == address.Split('@')[0]) return "Must not be the e-mail address.";
        return IsCommon(password) ? "This password is one of the first that are guessed. Choose another one, such as four words that do not belong together." : null;
    }

    /// <summary>White space, and characters that cannot be seen.</summary>
    public static bool IsInvisible(Rune rune) => Rune.IsWhiteSpace(rune)
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.OtherNotAssigned;

    // Lists of leaked passwords hold few of twelve characters and more, and nearly all of them are these words and rows of keys, one after another.
    private static bool IsCommon(string password)
    {
        var plain = Separators().Replace(password.ToLowerInvariant(), "").Replace('@', 'a').Replace('$', 's').Replace('0', 'o');
        return plain.Distinct().Count() < 4 || CommonWords().IsMatch(plain) || IsRow(plain);
    }

    // abcdefghijkl, 123456789012, and so on downwards.
    private static bool IsRow(string text)
    {
        var up = Enumerable.Range(1, text.Length - 1).Count(i => text[i] == text[i - 1] + 1 || (text[i - 1] == '9' && text[i] == 'o'));
        var down = Enumerable.Range(1, text.Length - 1).Count(i => text[i] == text[i - 1] - 1);
        return Math.Max(up, down) >= text.Length - 2;
    }

    [GeneratedRegex(@"[\s._\-!?#*+,:;/\\&]+")]
    private static partial Regex Separators();

    [GeneratedRegex("""
        ^(?:password|passwort|passw[o]rd|contrasena|motdepasse|qwertyuiop|qwertz|qwerty|azerty|asdfghjkl|asdfgh|asdf|zxcvbnm|zxcvbn|yxcvbnm|1q2w3e4r5t|1q2w3e4r|1q2w3e|1qaz2wsx3edc|1qaz2wsx|qazwsxedc|
        qazwsx|q1w2e3r4|iloveyou|letmein|welcome|administrator|admin|root|guest|user|test|login|master|monkey|dragon|football|baseball|basketball|superman|batman|princess|sunshine|shadow|michael|
        jordan|charlie|liverpool|chelsea|arsenal|barcelona|trustno1|starwars|whatever|computer|internet|samsung|google|facebook|changeme|change|secret|hello|abc|abcd|abcde|abcdef|love|baby|angel|
        flower|summer|winter|spring|autumn|january|default|access|pass|my|is|the|me|please|event|ticket|admitone|ole)+\d{0,2}$|
        ^(?:1234567890|123456789|12345678|1234567|123456|12345|1234|123|321|654321|987654321|11|22|33|44|55|66|77|88|99|oo|\d{2,4}|password|qwerty|admin|abc|welcome|test)+$
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex CommonWords();
}

/// <summary>The same rules wherever ASP.NET Core Identity sets a password.</summary>
internal sealed class PasswordValidator : IPasswordValidator<Person>
{
    public Task<IdentityResult> ValidateAsync(UserManager<Person> manager, Person user, string? password) => Task.FromResult(
        PasswordRules.Fault(password ?? "", user.Email ?? "") is { } fault ? IdentityResult.Failed(new IdentityError { Code = "Password", Description = fault }) : IdentityResult.Success);
}
