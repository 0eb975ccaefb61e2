using System.Diagnostics;
using System.Text.RegularExpressions;

namespace AdmitOne.UnitTests.Deploy;

/// <summary>`deploy/k8s/pin`, on a copy of the overlays.</summary>
public sealed partial class PinTests
{
    [Fact]
    public async Task An_overlay_gets_the_digests_that_the_push_printed_and_nothing_else_changes()
    {
        var folder = Directory.CreateTempSubdirectory("admitone-pin").FullName;
        try
        {
            Directory.CreateDirectory(Path.Combine(folder, "overlays", "production"));
            foreach (var file in new[] { "pin", "overlays/production/kustomization.yaml" }) File.Copy(Path.Combine(Manifests.Folder, file), Path.Combine(folder, file));
            var page = Path.Combine(folder, "overlays", "production", "kustomization.yaml");
            var before = await File.ReadAllTextAsync(page, TestContext.Current.CancellationToken);
            string[] digests = [.. "abcd".Select(letter => "sha256:" + new string(letter, 64))];
            Assert.Equal(0, await RunAsync(folder, ["production", "registry.example.org", .. digests]));
            var after = await File.ReadAllTextAsync(page, TestContext.Current.CancellationToken);
            Assert.Equal(digests, Digest().Matches(after).Select(match => match.Value));
            Assert.Equal(Digest().Replace(before, ""), Digest().Replace(after, ""));

            Assert.Equal(2, await RunAsync(folder, ["production", "registry.example.org", "latest", digests[1], digests[2], digests[3]]));
            Assert.Equal(after, await File.ReadAllTextAsync(page, TestContext.Current.CancellationToken));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<int> RunAsync(string folder, string[] words)
    {
        using var pin = Process.Start(new ProcessStartInfo("bash", [Path.Combine(folder, "pin"), .. words]) { RedirectStandardError = true })!;
        await pin.WaitForExitAsync(TestContext.Current.CancellationToken);
        return pin.ExitCode;
    }

    [GeneratedRegex("sha256:[0-9a-f]{64}")]
    private static partial Regex Digest();
}
