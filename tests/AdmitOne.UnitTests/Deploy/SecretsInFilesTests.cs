using System.Diagnostics;
using System.Text.RegularExpressions;
using AdmitOne.UnitTests.Architecture;

namespace AdmitOne.UnitTests.Deploy;

/// <summary>No credential is in the repository: every tracked file is looked through for the shapes of known ones, and for text too random to be written by hand.</summary>
public sealed partial class SecretsInFilesTests
{
    // Random by their nature and public: hashes of packages, published vectors.
    private static readonly string[] s_randomOnPurpose = ["packages.lock.json", "/Vectors/"];

    // What looks like a credential and is public: each file with its reason. One that has nothing any more is taken from the list.
    private static readonly Dictionary<string, string> s_public = new()
    {
        ["docs/ticket-codes.md"] = "the example code of the format",
        ["src/AdmitOne.Cli/Local/LocalSecrets.cs"] = "the alphabet that secrets are made from",
        ["src/AdmitOne.Tickets/Codes/ShowCode.cs"] = "an example in the API document",
        ["src/AdmitOne.Tickets/Codes/ShowTicketKeys.cs"] = "the public key of RFC 7515's example",
        ["src/AdmitOne.Tickets/Scans/GiveDoorPack.cs"] = "an example in the API document",
        ["tests/AdmitOne.IntegrationTests/Local/DataFolderTests.cs"] = "looks for the words that a key begins with",
        ["tests/AdmitOne.IntegrationTests/Payments/PaymentWebhookTests.cs"] = "a made-up secret of a webhook test",
    };

    private const double MostBitsPerCharacter = 4.6;

    [Fact]
    public void No_tracked_file_holds_a_credential()
    {
        var files = Tracked().ToList();
        Assert.True(files.Count > 200, "git lists hardly any file.");
        var found = files.AsParallel().Select(file => (File: file, Faults: Look(file, File.ReadAllText(Path.Combine(Checkout.Root, file))).ToList())).Where(one => one.Faults.Count > 0).ToList();
        Findings.None(found.Where(one => !s_public.ContainsKey(one.File)).SelectMany(one => one.Faults));
        Findings.None(s_public.Keys.Except(found.Select(one => one.File)));
    }

    [Theory]
    [InlineData("token = ghp_", 36)]
    [InlineData("aws_access_key_id = AKIA", 16)]
    [InlineData("key: sk_live_", 24)]
    [InlineData("JWT_SECRET=", 43)]
    public void A_planted_one_is_found(string before, int length)
    {
        // Made here, so that this file itself has none.
        var secret = string.Concat(Random.Shared.GetItems("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".AsSpan(), 16)) +
            Convert.ToBase64String(System.Security.Cryptography.RandomNumberGenerator.GetBytes(64)).Replace('+', 'x').Replace('/', 'y').TrimEnd('=');
        Assert.NotEmpty(Look("planted.txt", before + secret[..length]));
        Assert.NotEmpty(Look("planted.pem", "-----BEGIN " + "EC PRIVATE KEY-----"));
    }

    private static IEnumerable<string> Look(string file, string text)
    {
        foreach (Match found in Shape().Matches(text)) yield return $"{file}:{Line(text, found.Index)}: the shape of a credential: {found.Value[..Math.Min(12, found.Length)]}…";
        if (s_randomOnPurpose.Any(part => file.Contains(part, StringComparison.Ordinal))) yield break;
        foreach (Match word in Assigned().Matches(text))
        {
            var value = word.Groups["value"].Value;
            if (value.Any(char.IsDigit) && value.Any(char.IsUpper) && value.Any(char.IsLower) && Bits(value) > MostBitsPerCharacter - 0.6)
                yield return $"{file}:{Line(text, word.Index)}: {word.Groups["name"].Value} has a random value";
        }
        foreach (Match word in Long().Matches(text))
            if (word.Value.Any(char.IsDigit) && word.Value.Any(char.IsUpper) && word.Value.Any(char.IsLower) && Bits(word.Value) > MostBitsPerCharacter)
                yield return $"{file}:{Line(text, word.Index)}: {word.Length} random characters: {word.Value[..8]}…";
    }

    // Shannon's entropy of the characters: words stay below 4.2 bits, base64 of random bytes comes to 5 from 40 characters on.
    private static double Bits(string text) => text.GroupBy(c => c).Sum(same => -(double)same.Count() / text.Length * Math.Log2((double)same.Count() / text.Length));

    private static int Line(string text, int at) => text.AsSpan(0, at).Count('\n') + 1;

    private static IEnumerable<string> Tracked()
    {
        using var git = Process.Start(new ProcessStartInfo("git", ["-C", Checkout.Root, "ls-files", "-z"]) { RedirectStandardOutput = true })!;
        var listed = git.StandardOutput.ReadToEnd();
        git.WaitForExit();
        return listed.Split('\0', StringSplitOptions.RemoveEmptyEntries)
            .Where(file => Path.GetExtension(file) is not (".png" or ".jpg" or ".woff2" or ".pdf" or ".gz")).Where(file => File.Exists(Path.Combine(Checkout.Root, file)));
    }

    [GeneratedRegex("""gh[pousr]_[A-Za-z0-9]{36}|AKIA[A-Z0-9]{16}|(?:sk|rk)_live_[A-Za-z0-9]{16,}|xox[abprs]-[A-Za-z0-9-]{10,}|AIza[A-Za-z0-9_-]{35}|-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----(?!…)|eyJ[A-Za-z0-9_-]{20,}\.eyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}""")]
    private static partial Regex Shape();

    [GeneratedRegex("""(?<name>[A-Z_]*(?:SECRET|PASSWORD|TOKEN|API_KEY|ENCRYPTION_KEY))["']?\s*[:=]\s*["']?(?<value>[A-Za-z0-9+/_-]{24,})""")]
    private static partial Regex Assigned();

    [GeneratedRegex("""(?<![A-Za-z0-9+/_.-])[A-Za-z0-9+/_-]{40,}={0,2}(?![A-Za-z0-9+/_-])""")]
    private static partial Regex Long();
}
