using AdmitOne.Cli.Local;
using AdmitOne.Platform.Configuration;
using AdmitOne.Platform.Identity;

namespace AdmitOne.Cli.Commands;

/// <summary>What tokens are signed with: the variables', or the secret of a data folder of ./run.</summary>
internal static class TokenSecret
{
    /// <param name="Folder">The data folder it came from, if it came from one.</param>
    public sealed record Found(JwtOptions Options, string? Folder);

    /// <exception cref="CannotRunException">There is none, or one that no service would take.</exception>
    public static Found Read(GivenVariables given, DirectoryInfo? data)
    {
        var folder = DataOption.Folder(given, data, preferVariables: given["JWT_SECRET"] is not null);
        var options = new JwtOptions
        {
            Secret = (folder is not null ? LocalSecrets.Read(folder, "JWT_SECRET") : given["JWT_SECRET"])
                ?? throw new CannotRunException("JWT_SECRET is not set; set it to what the services have, or say --data FOLDER for the secret of ./run"),
        };
        options.Issuer = given["JWT_ISSUER"] ?? options.Issuer;
        options.Audience = given["JWT_AUDIENCE"] ?? options.Audience;
        if (!new SecretAttribute().IsValid(options.Secret)) throw new CannotRunException(new SecretAttribute().FormatErrorMessage("JWT_SECRET"));
        return new Found(options, folder);
    }
}
