using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using AdmitOne.Contracts;
using AdmitOne.Events;
using AdmitOne.Tickets;

namespace AdmitOne.UnitTests.Architecture;

/// <summary>Who may use whom. A row that changes here is a decision: say why in an ADR.</summary>
public sealed class DependencyTests
{
    private static readonly Dictionary<string, string[]> s_mayUse = new()
    {
        ["Contracts"] = [],
        ["Platform"] = [],
        ["Schema"] = [],
        ["Events"] = ["Platform", "Contracts"],
        ["Tickets"] = ["Platform", "Contracts"],
        ["Identity"] = ["Platform", "Contracts"],
        ["Neighbours"] = ["Platform", "Contracts"],
        ["Cli"] = ["Platform", "Contracts", "Schema", "Events", "Tickets", "Identity", "Neighbours"],
    };

    private static readonly Dictionary<string, string[]> s_mayName = new()
    {
        ["Npgsql"] = ["Platform", "Schema", "Events", "Tickets", "Identity", "Neighbours", "Cli"],
        ["Dapper"] = ["Platform", "Events", "Tickets", "Identity", "Neighbours", "Cli"],
        ["Microsoft.AspNetCore.OpenApi"] = ["Platform", "Events", "Tickets", "Identity", "Neighbours"],
        ["Microsoft.AspNetCore.Identity.EntityFrameworkCore"] = ["Identity"],
        ["Npgsql.EntityFrameworkCore.PostgreSQL"] = ["Identity"],
        ["OpenIddict.Server.AspNetCore"] = ["Identity"],
        ["OpenIddict.EntityFrameworkCore"] = ["Identity"],
        ["Microsoft.AspNetCore.Authentication.JwtBearer"] = ["Platform"],
        ["StackExchange.Redis"] = ["Platform"],
        ["Swashbuckle.AspNetCore.SwaggerUI"] = ["Platform"],
        ["OpenTelemetry"] = ["Platform"],
        ["OpenTelemetry.Exporter.OpenTelemetryProtocol"] = ["Platform"],
        ["OpenTelemetry.Exporter.Prometheus.AspNetCore"] = ["Platform"],
        ["OpenTelemetry.Instrumentation.StackExchangeRedis"] = ["Platform"],
        ["Polly.Core"] = ["Platform", "Events", "Tickets"],   // each client of a neighbour says how patient it is
        ["Microsoft.Security.AntiSSRF"] = ["Platform"],
        ["QRCoder"] = ["Tickets", "Identity"],
        ["Otp.NET"] = ["Identity"],
        ["System.CommandLine"] = ["Cli"],
        ["Spectre.Console"] = ["Cli"],
    };

    public static TheoryData<string> Projects => [.. Checkout.Projects];

    [Theory, MemberData(nameof(Projects))]
    public void A_project_uses_only_those_it_may(string project)
    {
        var used = Words(project, "ProjectReference").Select(path => Path.GetFileNameWithoutExtension(path)["AdmitOne.".Length..]);
        Findings.None(used.Except(s_mayUse[project]));
    }

    [Theory, MemberData(nameof(Projects))]
    public void A_project_names_only_packages_it_may(string project) =>
        Findings.None(Words(project, "PackageReference").Where(package => !s_mayName.TryGetValue(package, out var projects) || !projects.Contains(project)));

    // A package also comes along with a project that names it; what the code says decides.
    [Theory]
    [InlineData("StackExchange.Redis", "src/AdmitOne.Platform/Redis/")]
    [InlineData("OpenTelemetry", "src/AdmitOne.Platform/Telemetry/")]
    [InlineData("QRCoder", "src/AdmitOne.Tickets/Codes/", "src/AdmitOne.Identity/Authenticators/")]
    [InlineData("OtpNet", "src/AdmitOne.Identity/Authenticators/")]
    [InlineData("OpenIddict", "src/AdmitOne.Identity/")]
    [InlineData("Microsoft.EntityFrameworkCore", "src/AdmitOne.Identity/")]
    public void Only_one_place_speaks_to_a_library(string library, params string[] places)
    {
        var name = new Regex($@"(?<![\w.]){Regex.Escape(library)}(\.\w+)*\s*;|(?<![\w.""]){Regex.Escape(library)}\.[A-Z]");
        Findings.None(Checkout.CodeBelow(Checkout.Source).Where(file => !places.Any(place => file.Path.StartsWith(place, StringComparison.Ordinal)) && name.IsMatch(file.Text)).Select(file => file.Path));
    }

    [Fact]
    public void The_services_as_they_were_built_know_neither_each_other_nor_the_schema_nor_the_neighbours()
    {
        foreach (var service in new[] { typeof(EventsService).Assembly, typeof(TicketsService).Assembly, typeof(AdmitOne.Identity.IdentityService).Assembly })
            Findings.None(References(service).Where(name => name.StartsWith("AdmitOne.", StringComparison.Ordinal)).Except(["AdmitOne.Platform", "AdmitOne.Contracts"]));
        Findings.None(References(typeof(Money).Assembly).Where(name => !name.StartsWith("System.", StringComparison.Ordinal)));
    }

    private static IEnumerable<string> References(Assembly assembly) => assembly.GetReferencedAssemblies().Select(a => a.Name!);

    private static IEnumerable<string> Words(string project, string element) =>
        XDocument.Load(Checkout.ProjectFile(project)).Descendants(element).Select(e => ((string)e.Attribute("Include")!).Replace('\\', '/'));
}
