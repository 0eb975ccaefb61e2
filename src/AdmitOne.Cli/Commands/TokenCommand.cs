using System.CommandLine;
using AdmitOne.Cli.Local;
using AdmitOne.Identity;
using AdmitOne.Platform.Configuration;
using AdmitOne.Platform.Identity;
using Microsoft.Extensions.Configuration;

namespace AdmitOne.Cli.Commands;

/// <summary><c>admitone token</c>: a bearer token for anybody, for development. Whoever has the secret can make one anyway.</summary>
internal static class TokenCommand
{
    private const int Year = 366 * 24 * 3600;

    public static Command Create()
    {
        var role = new Option<string>("--role") { Description = "customer, venue_staff, venue_manager, admin or ops.", HelpName = "ROLE", Required = true };
        role.AcceptOnlyFromAmong([.. Roles.All]);
        var tenant = new Option<Guid?>("--tenant") { Description = "The tenant; without it, the demo's.", HelpName = "ID" };
        var user = new Option<Guid?>("--user") { Description = "The person; without it, a new one.", HelpName = "ID" };
        var email = new Option<string?>("--email") { Description = "Their address; without it, one made of the person's id.", HelpName = "E" };
        var ttl = new Option<int>("--ttl") { Description = "How long it is good for.", HelpName = "SECONDS", DefaultValueFactory = _ => (int)TokenMint.DefaultLifetime.TotalSeconds };
        ttl.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !(int.TryParse(token.Value, out var seconds) && seconds is >= 1 and <= Year)) result.AddError($"--ttl is between 1 and {Year} seconds.");
        });
        var data = DataOption.Create("JWT_SECRET");
        var command = new Command("token", "Print a bearer token for anybody, for development. It is signed with JWT_SECRET; in production this is refused.")
        {
            role, tenant, user, email, ttl, data,
        };
        command.SetAction(async (parsed, _) =>
        {
            try
            {
                var wish = new Wish(parsed.GetRequiredValue(role), parsed.GetValue(tenant), parsed.GetValue(user), parsed.GetValue(email), TimeSpan.FromSeconds(parsed.GetValue(ttl)));
                await parsed.InvocationConfiguration.Output.WriteLineAsync(Make(wish, parsed.GetValue(data)));
                return 0;
            }
            catch (CannotRunException fault)
            {
                await parsed.InvocationConfiguration.Error.WriteLineAsync("admitone: " + fault.Message);
                return 1;
            }
        });
        return command;
    }

    private static string Make(Wish wish, DirectoryInfo? data)
    {
        var environment = new ConfigurationBuilder().AddEnvironmentVariables().Build();
        if (ServiceOptions.IsProductionIn(environment)) throw new CannotRunException("tokens are not made here in production: the auth service is asked for them");

        var (options, folder) = TokenSecret.Read(GivenVariables.OfProcess(), data);
        var tenant = wish.Tenant ?? (folder is not null && RunFile.ExistsIn(folder) ? RunFile.Read(folder).Demo?.TenantId : null)
            ?? throw new CannotRunException("say --tenant ID: there is no demo to take it from");
        var user = wish.User ?? Guid.CreateVersion7();
        return new TokenMint(options, TimeProvider.System).Mint(new TokenHolder(tenant, user, wish.Role, wish.Email ?? $"{user:n}@people.example", EmailVerified: true), wish.Lifetime);
    }

    private sealed record Wish(string Role, Guid? Tenant, Guid? User, string? Email, TimeSpan Lifetime);
}
