using AdmitOne.IntegrationTests.Harness;

namespace AdmitOne.IntegrationTests.Trust;

/// <summary>Every route of both services × everybody who could stand before it. A route that forgot to say who may call it is found here.</summary>
public sealed class WalkTests(World world) : IClassFixture<World>
{
    // They need more than a request: a job that failed, a delivery that failed, or another's signature. Each has tests of its own.
    private static readonly string[] s_withoutSample =
    [
        "Tickets POST /api/v1/mint-jobs/{id}/replay", "Tickets POST /api/v1/webhook-endpoints/{id}/deliveries/{deliveryId}/replay",
        "Tickets POST /api/v1/webhooks/minting", "Tickets POST /api/v1/webhooks/payments", "Tickets POST /api/v1/webhooks/stripe",
    ];

    private readonly Walk _walk = new(world);

    [Fact]
    public async Task Every_door_opens_to_those_it_names_and_says_to_everybody_else_why_not()
    {
        var (routes, visitors, faults, knocks) = (await _walk.RoutesAsync(), await _walk.VisitorsAsync(), new List<string>(), 0);
        Assert.True(routes.Count > 40, "The walk has found no routes to walk.");
        foreach (var route in routes)
        {
            foreach (var visitor in visitors)
            {
                var said = await _walk.KnockAsync(route, visitor);
                knocks++;
                if (Expected(route, visitor) is { } expected ? said != expected : !IsAnswered(route, said)) faults.Add($"{route.Name} said {said} to {visitor.Name}");
            }
            var services = route.Signed?.Services ?? route.OrSigned?.Services;
            if (services is null) continue;
            foreach (var service in new[] { "order-service", "event-service", "ticket-service", "venue-service", "" })
            {
                var said = await _walk.KnockAsync(route, service);
                knocks++;
                if (services.Contains(service) ? !IsAnswered(route, said) : said != "401 bad_signature") faults.Add($"{route.Name} said {said} to the signature of \"{service}\"");
            }
        }
        TestContext.Current.SendDiagnosticMessage("{0} routes, {1} visitors, {2} knocks", routes.Count, visitors.Count, knocks);
        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    /// <summary>First another organiser's person of the right role tries to reach it, and finds nothing; then its own does it.</summary>
    [Fact]
    public async Task A_valid_call_of_a_route_succeeds_and_the_same_by_another_organiser_finds_nothing()
    {
        var routes = (await _walk.RoutesAsync()).ToDictionary(route => route.Name);
        var samples = await new WalkSamples(world).AllAsync();
        var faults = samples.Where(sample => !routes.ContainsKey(sample.Route)).Select(sample => $"{sample.Route} is no route any more").ToList();
        foreach (var sample in samples.Where(sample => routes.ContainsKey(sample.Route)))
        {
            var route = routes[sample.Route];
            if (sample.Stranger is { } expected)
            {
                using var stranger = sample.Request(world.Token(sample.Role!, tenant: world.OtherTenant));
                var said = await _walk.SendAsync(route, stranger);
                if (said != expected) faults.Add($"{sample.Route} said {said} to another organiser's {sample.Role}");
            }
            using var own = sample.Request(sample.Role is null ? null : world.Token(sample.Role, sample.User, sample.Tenant));
            var answered = await _walk.SendAsync(route, own, sample.SignedBy);
            if (answered[0] != '2') faults.Add($"{sample.Route} said {answered} to a valid call");
        }
        Assert.True(faults.Count == 0, string.Join('\n', faults));
        TestContext.Current.SendDiagnosticMessage("valid calls of {0} of {1} routes", samples.Select(s => s.Route).Distinct().Count(), routes.Count);
        Assert.Equal(s_withoutSample.Order(), routes.Keys.Except(samples.Select(s => s.Route)).Order());
    }

    /// <returns>The only right answer, or null if it is the route's to say.</returns>
    private static string? Expected(WalkedRoute route, Visitor visitor)
    {
        if (visitor.IsSigned && route.OrSigned is { } either) return either.Services.Contains("event-service") ? null : "401 bad_signature";
        if (route.Signed is { } signed) return visitor.IsSigned && signed.Services.Contains("event-service") ? null : "401 bad_signature";
        if (route.IsPublic) return null;
        return visitor.Expects ?? (route.Roles.Contains(visitor.Role!) ? null : "403 role_required");
    }

    // What a door says to those whom it lets in: anything but that they may not, and never that it fell over.
    private static bool IsAnswered(WalkedRoute route, string said) =>
        said[0] != '5' && (!said.StartsWith("401", StringComparison.Ordinal) || (route.IsWebhook && said == "401 bad_signature"))
        && (!said.StartsWith("403", StringComparison.Ordinal) || said is "403 not_owner" || (said == "403 role_required" && route.Pattern.StartsWith("/api/v1/admin/tenants", StringComparison.Ordinal)));
}
