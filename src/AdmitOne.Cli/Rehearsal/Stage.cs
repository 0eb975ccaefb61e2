using AdmitOne.Identity;

namespace AdmitOne.Cli.Rehearsal;

/// <summary>Where a rehearsal plays: the services' addresses, and tokens for whomever it needs.</summary>
/// <param name="Tickets">One, or each replica's; buyers take turns.</param>
/// <param name="Metrics">Where each service answers <c>/metrics</c>.</param>
internal sealed record Stage(Uri Events, IReadOnlyList<Uri> Tickets, IReadOnlyList<(string Service, Uri Metrics)> Metrics, Guid Tenant, TokenMint Mint)
{
    private static readonly TimeSpan s_lifetime = TimeSpan.FromHours(2);

    public string TicketsUrl => Text(Tickets[0]);

    public string EventsUrl => Text(Events);

    /// <summary>Of a new person.</summary>
    public string Token(string role)
    {
        var person = Guid.CreateVersion7();
        return Mint.Mint(new TokenHolder(Tenant, person, role, $"{person:n}@rehearsal.example"), s_lifetime);
    }

    public static string Text(Uri url) => url.ToString().TrimEnd('/');
}
