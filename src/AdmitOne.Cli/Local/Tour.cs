using AdmitOne.Cli.Terminals;

namespace AdmitOne.Cli.Local;

/// <summary>The screenful at the end: where everything is, who can log in, and lines that buy and admit a ticket when pasted.</summary>
internal static class Tour
{
    public static void Write(Terminal terminal, RunFile run, StackOptions options)
    {
        var places = TextGrid.Of(2, TextGrid.Auto)
            .Row("Event Service", $"{run.Events}/docs")
            .Row("Ticket Service", string.Join("  ", run.Tickets.Select(tickets => tickets + "/docs")))
            .Row("Identity", $"{run.Auth}/docs")
            .Row("neighbours", $"venues {run.Venues}  minting {run.Minting}")
            .Row("NFT minting", options.Given["ENABLE_NFT_MINTING"] == "true" ? $"on: tickets are minted by {run.Minting} (docs/minting.md)" : "off; ENABLE_NFT_MINTING=true turns it on")
            .Row("PostgreSQL", $"{run.Postgres.Host}:{run.Postgres.Port}, database {run.Postgres.Database}; passwords and all addresses are in {Path.Combine(options.DataPath, "run.json")}")
            .Row("rate limits", Limits(options));
        terminal.WriteLine();
        terminal.Write(places);
        terminal.WriteLine();
        if (run.Demo is not { } demo) return;
        terminal.WriteLine($"  Demo logins, all with the password {demo.Users[0].Password}:");
        var users = TextGrid.Of(4, TextGrid.Auto);
        foreach (var user in demo.Users) users.Row(user.Email, user.Role);
        terminal.Write(users);
        terminal.WriteLine();
        terminal.WriteAsIs(Lines(run, demo));
    }

    private static string Limits(StackOptions options) =>
        options.Given["ENABLE_RATE_LIMITING"] == "false" ? "none: ENABLE_RATE_LIMITING is false"
        : options.Given["RATE_LIMIT_MULTIPLIERS"] is { } given ? $"as docs/rate-limits.md says, with {given}"
        : "a manager may make 120 changes a minute here, not 10 (docs/rate-limits.md)";

    private static string Lines(RunFile run, DemoAddresses demo)
    {
        var customer = demo.Users.First(user => user.Role == "customer");
        var staff = demo.Users.First(user => user.Role == "venue_staff");
        return $$$"""
              Paste this to buy a ticket and to admit it, twice: the second time it says already_admitted.

            json='content-type: application/json'
            login() { curl -s {{{run.Auth}}}/api/v1/token -H "$json" -d '{"email":"'$1'","password":"{{{customer.Password}}}"}' | grep -o '"accessToken":"[^"]*' | cut -d'"' -f4; }
            customer=$(login {{{customer.Email}}})
            order=$(curl -s {{{run.Tickets[0]}}}/api/v1/purchases -H "authorization: Bearer $customer" -H "idempotency-key: tour-$(date +%s)" -H "$json" -d '{"eventId":"{{{demo.EventId}}}","items":[{"ticketTypeId":"{{{demo.TicketTypeId}}}","quantity":1}],"payment":{"method":"test","token":"tok_ok"}}'); echo "$order"
            ticket=$(echo "$order" | grep -o '"tickets":\[{"id":"[^"]*' | cut -d'"' -f6)
            code=$(curl -s "{{{run.Tickets[0]}}}/api/v1/tickets/$ticket/qr?format=json" -H "authorization: Bearer $customer" | grep -o '"code":"[^"]*' | cut -d'"' -f4); echo "$code"
            staff=$(login {{{staff.Email}}})
            scan() { curl -s {{{run.Tickets[0]}}}/api/v1/scans -H "authorization: Bearer $staff" -H "$json" -d '{"code":"'"$code"'","eventId":"{{{demo.EventId}}}","gate":"north","direction":"in"}'; echo; }
            scan; scan

            """;
    }
}
