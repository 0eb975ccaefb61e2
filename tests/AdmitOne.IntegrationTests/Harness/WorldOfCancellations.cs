using AdmitOne.Platform.Identity;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AdmitOne.IntegrationTests.Harness;

/// <summary>How far the refunds of a cancelled event are, in orders.</summary>
public sealed record Progress(long Orders, long Refunded, long Failed, long Remaining, long NeedsPerson)
{
    public bool IsDone => Refunded == Orders;
}

/// <summary>Verbs of cancelled events.</summary>
public partial class World
{
    /// <summary>Stops these workers of the Ticket Service in this process, so that what they do is done by replicas or not at all.</summary>
    public async Task StopTicketWorkersAsync(params string[] names)
    {
        foreach (var worker in TicketsServices.GetServices<IHostedService>().Where(service => names.Contains(service.GetType().Name))) await worker.StopAsync(Cancellation);
    }

    /// <summary>What the Event Service's page of it says, which is always a sum.</summary>
    public async Task<Progress> CancellationAsync(Guid eventId)
    {
        using var events = Events(Roles.VenueManager);
        var said = await events.GetJsonAsync($"/api/v1/events/{eventId}/cancellation");
        var progress = new Progress(said.Number("orders"), said.Number("refunded"), said.Number("failed"), said.Number("remaining"), said.Number("needsPerson"));
        Assert.Equal(progress.Orders, progress.Refunded + progress.Failed + progress.Remaining + progress.NeedsPerson);
        return progress;
    }

    /// <summary>Fails unless every order of the event went back whole and once, every ticket of it is void, and the books are right.</summary>
    public async Task AssertAllWentBackOnceAsync(Guid eventId)
    {
        Assert.Equal(0, await Ask<int>("""
            select count(*) from tickets.orders o
             where o.event_id = @eventId and o.status in ('paid', 'partially_refunded', 'refunded')
               and (o.status <> 'refunded' or o.total_minor <> (select coalesce(sum(r.amount_minor + r.fee_minor), 0) from tickets.refunds r where r.order_id = o.id and r.status = 'succeeded'))
            """, new { eventId }));
        Assert.Equal(0, await Ask<int>("select count(*) from tickets.tickets where event_id = @eventId and status not in ('cancelled', 'refunded')", new { eventId }));
        Assert.Equal(0, await Ask<int>("""
            select count(*) from (select resource_id from platform.outbox o where o.type in ('order.refunded', 'ticket.cancelled') and o.data ->> 'eventId' = @eventId group by type, resource_id having count(*) > 1) twice
            """, new { eventId = eventId.ToString() }));
        Assert.Equal(0, await Ask<int>("select held + sold from tickets.stock where event_id = @eventId", new { eventId }));
        await AssertBooksAreRightAsync(eventId);
    }

    /// <summary>Each of these at once, a few at a time.</summary>
    public static async Task<IReadOnlyList<T>> AllAsync<TItem, T>(IEnumerable<TItem> items, int atOnce, Func<TItem, Task<T>> make)
    {
        var made = new List<T>();
        await Parallel.ForEachAsync(items, new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = Cancellation }, async (item, _) =>
        {
            var one = await make(item);
            lock (made) made.Add(one);
        });
        return made;
    }
}
