using System.CommandLine;
using AdmitOne.Cli.Local;
using AdmitOne.Cli.Setup;
using AdmitOne.Cli.Smoke;
using AdmitOne.Cli.Terminals;
using AdmitOne.Identity;
using AdmitOne.Platform.Configuration;
using AdmitOne.Platform.Identity;

namespace AdmitOne.Cli.Commands;

/// <summary><c>admitone smoke</c>: sells and admits one free ticket of a throw-away event, after every deployment.</summary>
internal static class SmokeCommand
{
    private static readonly TimeSpan s_tokenLifetime = TimeSpan.FromMinutes(2);

    public static Command Create()
    {
        var events = AddressOption.Create("--events", "The Event Service, such as https://events.example.org; without it, that of ./run.");
        var tickets = AddressOption.Create("--tickets", "The Ticket Service; without it, that of ./run.");
        var venue = new Option<Guid?>("--venue") { Description = "A venue of the organiser; without it SMOKE_VENUE_ID, or the demo's.", HelpName = "ID" };
        var data = DataOption.Create("SMOKE_TOKEN, or JWT_SECRET and SMOKE_TENANT_ID");
        var command = new Command("smoke", "Buy and scan one free ticket of an event made for it, and cancel the event. Exit code 0: all of it went well; 1: it did not, and a line says where.")
        {
            events, tickets, venue, data,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var console = parsed.InvocationConfiguration;
            try
            {
                var target = Find(new Wish(parsed.GetValue(events), parsed.GetValue(tickets), parsed.GetValue(venue)), parsed.GetValue(data));
                using var sale = new SmokeSale(target, Terminal.Of(console));
                await sale.RunAsync(cancellationToken);
                return 0;
            }
            catch (CannotRunException fault)
            {
                await console.Error.WriteLineAsync("admitone: " + fault.Message);
                return 1;
            }
        });
        return command;
    }

    private static SmokeTarget Find(Wish wish, DirectoryInfo? data)
    {
        var given = GivenVariables.OfProcess();
        var folder = DataOption.Folder(given, data, preferVariables: given["SMOKE_TOKEN"] is not null || given["JWT_SECRET"] is not null);
        var run = folder is null ? null : RunFile.Read(folder);
        return new SmokeTarget(
            wish.Events ?? Url(run?.Events, "--events"), wish.Tickets ?? Url(run?.Tickets[0], "--tickets"),
            given["SMOKE_TOKEN"] ?? Mint(given, folder, run),
            wish.Venue ?? Id(given["SMOKE_VENUE_ID"]) ?? run?.Demo?.VenueId ?? SetupFile.Read(folder)?.VenueId ?? throw new CannotRunException("say --venue ID: there is no demo to take one from, and admitone setup did not run here"));
    }

    // Production too: whoever runs this in the cluster has been given the secret, and what is made lives for two minutes and is not shown.
    private static string Mint(GivenVariables given, string? folder, RunFile? run)
    {
        var options = new JwtOptions
        {
            Secret = (folder is null ? given["JWT_SECRET"] : LocalSecrets.Read(folder, "JWT_SECRET"))
                ?? throw new CannotRunException("set SMOKE_TOKEN to a venue manager's token, or JWT_SECRET to what the services have, or say --data FOLDER for those of ./run"),
        };
        options.Issuer = given["JWT_ISSUER"] ?? options.Issuer;
        options.Audience = given["JWT_AUDIENCE"] ?? options.Audience;
        if (!new SecretAttribute().IsValid(options.Secret)) throw new CannotRunException(new SecretAttribute().FormatErrorMessage("JWT_SECRET"));
        var tenant = Id(given["SMOKE_TENANT_ID"]) ?? run?.Demo?.TenantId ?? SetupFile.Read(folder)?.TenantId ?? throw new CannotRunException("set SMOKE_TENANT_ID: there is no demo whose organiser could be taken, and admitone setup did not run here");
        var user = Guid.CreateVersion7();
        return new TokenMint(options, TimeProvider.System).Mint(new TokenHolder(tenant, user, Roles.VenueManager, $"smoke-{user:n}@invalid.example"), s_tokenLifetime);
    }

    private static Uri Url(string? text, string option) => text is null ? throw new CannotRunException($"say {option} URL") : new Uri(text);

    private static Guid? Id(string? text) =>
        string.IsNullOrEmpty(text) ? null : Guid.TryParse(text, out var id) ? id : throw new CannotRunException("SMOKE_TENANT_ID and SMOKE_VENUE_ID are ids such as 0190f3a2-7c1e-7b3a-9d6e-2f4a8c1b5d70");

    private sealed record Wish(Uri? Events, Uri? Tickets, Guid? Venue);
}
