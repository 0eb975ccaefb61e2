using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using AdmitOne.Events;
using AdmitOne.Identity;
using AdmitOne.Platform.Configuration;
using AdmitOne.Platform.Http;
using AdmitOne.Tickets;
using AdmitOne.UnitTests.Architecture;
using Microsoft.Extensions.Configuration;

namespace AdmitOne.UnitTests.Docs;

public sealed partial class ConfigurationDocTests
{
    // The services' options describe themselves; the command line has no options class.
    private static readonly (string Name, string Default, string Meaning)[] s_local =
    [
        ("ADMITONE_DATA", ".data", "The folder of `./run`: its PostgreSQL, its Redis, its secrets, its logs and run.json."),
        ("EVENTS_PORT", "3003", "Port of the Event Service."),
        ("TICKETS_PORT", "3004", "Port of the Ticket Service; further replicas count up from it."),
        ("AUTH_PORT", "3001", "Port of Identity."),
        ("VENUES_PORT", "3002", "Port of the venue neighbour."),
        ("MINTING_PORT", "3018", "Port of the minting neighbour."),
        ("AUTH_SERVICE_URL", "Identity", "An auth service of your own; give the JWT_SECRET that it signs with, too."),
        ("MINTING_SERVICE_URL", "the neighbour", "A minting service of your own."),
        ("EVENTS_DB_PASSWORD", "generated", "What the Event Service's role logs in with."),
        ("TICKETS_DB_PASSWORD", "generated", "What the Ticket Service's role logs in with."),
        ("IDENTITY_DB_PASSWORD", "generated", "What Identity's role logs in with."),
        ("DB_MIGRATE_USER", "admitone_migrate", "Who `admitone migrate` logs in as."),
        ("DB_MIGRATE_PASSWORD", "–", "That role's password."),
        ("DB_AUDIT_USER", "–", "The role that reads all tenants' rows and changes none; no service may have it."),
        ("DB_AUDIT_PASSWORD", "–", "That role's password."),
        ("DB_ADMIN_USER", "postgres", "The superuser as whom `admitone restore` makes the database and its roles."),
        ("DB_ADMIN_PASSWORD", "–", "That role's password."),
        ("SMOKE_TOKEN", "–", "The venue manager's token that `admitone smoke` uses; without it, it makes one of two minutes with JWT_SECRET."),
        ("SMOKE_TENANT_ID", "the demo's", "The organiser whose event `admitone smoke` makes and cancels."),
        ("SMOKE_VENUE_ID", "the demo's", "One of that organiser's venues."),
        ("NO_COLOR", "–", "Anything here turns off the colours of `admitone` on a terminal ([no-color.org](https://no-color.org))."),
    ];

    [Fact]
    public void The_page_of_settings_says_what_the_options_classes_say() => GeneratedDoc.Check("configuration.md", $"""
        # Configuration

        Flat environment variables, checked when a service starts: each fault is one line that names the variable and never its value, and stops the start.
        A variable with the prefix `EVENTS_`, `TICKETS_` or `IDENTITY_` (`TICKETS_LOG_LEVEL`) wins for that service. A service that runs as its own process also reads mounted
        files, `/run/secrets/<NAME>` (or of the folder that `SECRETS_DIR` names); a variable wins over a file. A secret is at least {SecretAttribute.MinLength} characters, random, and used for one purpose only.
        `./run` generates what is not set.

        {GeneratedDoc.Table(["variable", "service", "default", "rule", "meaning"], Settings().Select(s => new[] { $"`{s.Name}`", s.Service, Default(s), Rule(s.Property), XmlDocs.Summary(s.Property) ?? "" }))}

        ## The command line

        What `./run` and `admitone` read besides; `./run` hands every variable above on to the services.

        {GeneratedDoc.Table(["variable", "default", "meaning"], s_local.Select(v => new[] { $"`{v.Name}`", v.Default, v.Meaning }))}
        """);

    [Fact]
    public void Every_setting_says_what_it_means() => Findings.None(Settings().Where(s => XmlDocs.Summary(s.Property) is null).Select(s => s.Name));

    [Fact]
    public void Every_variable_that_the_command_line_names_is_on_the_page()
    {
        var page = File.ReadAllText(Path.Combine(Checkout.Root, "docs", "configuration.md"));
        var named = Checkout.CodeBelow(Checkout.ProjectFolder("Cli")).SelectMany(file => Variable().Matches(file.Text).Select(m => m.Groups["name"].Value)).Distinct();
        Findings.None(named.Where(name => !page.Contains($"`{name}`", StringComparison.Ordinal)));
    }

    private static IEnumerable<(string Name, string Service, PropertyInfo Property)> Settings() =>
        from assembly in new[] { (typeof(ServiceOptions).Assembly, "both"), (typeof(EventsService).Assembly, "events"), (typeof(TicketsService).Assembly, "tickets"), (typeof(IdentityService).Assembly, "identity") }
        from type in assembly.Item1.GetTypes().OrderBy(type => type.FullName, StringComparer.Ordinal)
        from property in type.GetProperties()
        let name = property.GetCustomAttribute<ConfigurationKeyNameAttribute>()?.Name
        where name is not null
        select (name, assembly.Item2, property);

    private static string Default((string Name, string Service, PropertyInfo Property) setting)
    {
        switch (setting.Name)
        {
            case "PORT": return $"{EventsService.Definition.DefaultPort} events, {TicketsService.Definition.DefaultPort} tickets, {IdentityService.Definition.DefaultPort} identity";
            case "DB_POOL_MAX": return $"{EventsService.Definition.DefaultPoolMax} events, {TicketsService.Definition.DefaultPoolMax} tickets, {IdentityService.Definition.DefaultPoolMax} identity";
        }
        return setting.Property.GetValue(Activator.CreateInstance(setting.Property.DeclaringType!)) switch
        {
            null or "" => setting.Property.GetCustomAttribute<RequiredAttribute>() is null ? "–" : "required",
            bool flag => flag ? "true" : "false",
            var value => Convert.ToString(value, CultureInfo.InvariantCulture)!,
        };
    }

    private static string Rule(PropertyInfo property) => string.Join("; ", property.GetCustomAttributes<ValidationAttribute>().Select(rule => rule switch
    {
        SecretAttribute => $"a random secret, ≥ {SecretAttribute.MinLength} characters",
        RangeAttribute range => $"{range.Minimum} to {range.Maximum}",
        AllowedValuesAttribute words => string.Join(", ", words.Values.OfType<string>()),
        UrlAttribute => "a URL",
        _ => null,
    }).OfType<string>());

    [GeneratedRegex("""(?:[Gg]iven\[|Given\.Port\(|Optional\(|Required\(|GetEnvironmentVariable\()"(?<name>[A-Z0-9_]+)"(?<!"PATH")""")]
    private static partial Regex Variable();
}
