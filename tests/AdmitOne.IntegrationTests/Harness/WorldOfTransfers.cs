using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Harness;

/// <summary>Tickets that change hands.</summary>
public partial class World
{
    /// <summary>The address in the tokens that this world makes for somebody.</summary>
    public static string EmailOf(Guid userId) => $"{userId:n}@people.example";

    /// <summary>Buys one ticket for this person.</summary>
    public async Task<Guid> BuyTicketAsync(Sale sale, Guid buyer)
    {
        using var answer = await BuyAsync(sale, 1, buyer);
        return (await answer.ReadAsync(HttpStatusCode.Created)).Items("tickets").Single().Id();
    }

    public async Task<HttpResponseMessage> OfferAsync(Guid ticketId, Guid owner, string recipientEmail, string? message = null, Uri? replica = null)
    {
        using var client = Client(replica ?? TicketsUrl, Roles.Customer, owner);
        return await client.PostAsJsonAsync($"/api/v1/tickets/{ticketId}/transfers", message is null ? new { recipientEmail } : (object)new { recipientEmail, message }, Cancellation);
    }

    /// <summary>Offers a ticket, and gives the offer's id.</summary>
    public async Task<Guid> OfferedAsync(Guid ticketId, Guid owner, Guid recipient)
    {
        using var answer = await OfferAsync(ticketId, owner, EmailOf(recipient));
        return (await answer.ReadAsync(HttpStatusCode.Created)).Id();
    }

    /// <param name="what">accept, decline or cancel.</param>
    public async Task<HttpResponseMessage> AnswerTransferAsync(Guid transferId, Guid person, string what = "accept", Uri? replica = null, Guid? tenant = null)
    {
        using var client = Client(replica ?? TicketsUrl, Roles.Customer, person, tenant);
        return await client.PostAsync($"/api/v1/transfers/{transferId}/{what}", content: null, Cancellation);
    }

    /// <summary>Offered and accepted.</summary>
    public async Task GiveAsync(Guid ticketId, Guid from, Guid to) => await (await AnswerTransferAsync(await OfferedAsync(ticketId, from, to), to)).ReadAsync();

    /// <summary>Lets this much time pass for everything that ever happened to a ticket's offers.</summary>
    public Task<int> AgeTransfersAsync(Guid ticketId, TimeSpan by) => Sql("""
        update tickets.ticket_transfers set created_at = created_at - @by, expires_at = expires_at - @by, closed_at = closed_at - @by where ticket_id = @ticketId
        """, new { ticketId, by });

    /// <summary>A client of the Ticket Service with a token that says more than most.</summary>
    public HttpClient Tickets(AdmitOne.Identity.TokenHolder holder)
    {
        var client = Client(TicketsUrl);
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Mint.Mint(holder));
        return client;
    }

    public async Task<HttpResponseMessage> BlockAsync(Guid ticketId, string what = "block", Uri? replica = null)
    {
        using var client = Client(replica ?? TicketsUrl, Roles.VenueManager);
        return await client.PostAsJsonAsync($"/api/v1/tickets/{ticketId}/{what}", new { reason = "Sold on at three times its price." }, Cancellation);
    }

    /// <summary>How many messages of a type this thing has told.</summary>
    public Task<int> ToldAsync(string type, Guid resourceId) =>
        Ask<int>("select count(*)::int from platform.outbox where type = @type and resource_id = @resourceId", new { type, resourceId });
}
