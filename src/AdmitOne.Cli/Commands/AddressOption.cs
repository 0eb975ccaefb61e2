using System.CommandLine;
using System.CommandLine.Parsing;

namespace AdmitOne.Cli.Commands;

/// <summary>Options that name where something answers. What System.CommandLine makes of a <see cref="Uri"/> by itself is an exception.</summary>
internal static class AddressOption
{
    public static Option<Uri?> Create(string name, string description) => new(name) { Description = description, HelpName = "URL", CustomParser = result => Read(result) is [var one, ..] ? one : null };

    /// <summary>One or more; empty without any.</summary>
    public static Option<Uri[]> CreateMany(string name, string description) =>
        new(name) { Description = description, HelpName = "URL", CustomParser = Read, AllowMultipleArgumentsPerToken = true };

    private static Uri[] Read(ArgumentResult result)
    {
        var urls = result.Tokens.Select(token => Uri.TryCreate(token.Value, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? url : null).ToArray();
        if (Array.TrueForAll(urls, url => url is not null)) return urls!;
        result.AddError($"{(result.Parent as OptionResult)?.Option.Name ?? "An address"} is an address such as http://127.0.0.1:3004.");
        return [];
    }
}
