using System.ComponentModel;
using System.Diagnostics;
using AdmitOne.Cli.Local;

namespace AdmitOne.Cli.Scanning;

/// <summary>Reads the codes of a picture with <c>zbarimg</c>, as a camera's library would.</summary>
internal static class Picture
{
    private static readonly string[] s_endings = [".png", ".jpg", ".jpeg", ".svg", ".gif", ".bmp", ".webp"];

    public static bool IsOne(string argument) => s_endings.Contains(Path.GetExtension(argument).ToLowerInvariant()) && File.Exists(argument);

    /// <exception cref="CannotRunException">The program is missing, or sees no code.</exception>
    public static async Task<IReadOnlyList<string>> ReadAsync(string file, CancellationToken cancellationToken)
    {
        try
        {
            using var zbarimg = Process.Start(new ProcessStartInfo("zbarimg", ["--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", file]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var said = zbarimg.StandardOutput.ReadToEndAsync(cancellationToken);
            await zbarimg.WaitForExitAsync(cancellationToken);
            var codes = (await said).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            return codes.Length > 0 ? codes : throw new CannotRunException($"{file} shows no QR code");
        }
        catch (Win32Exception missing)
        {
            throw new CannotRunException("reading pictures takes zbarimg (Debian: apt-get install zbar-tools; Fedora: dnf install zbar; macOS: brew install zbar)", missing);
        }
    }
}
