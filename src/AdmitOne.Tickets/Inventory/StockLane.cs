using AdmitOne.Platform.Outbox;
using AdmitOne.Platform.Postgres;
using AdmitOne.Tickets.Lanes;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace AdmitOne.Tickets.Inventory;

/// <summary>A lane of those that move stock.</summary>
internal sealed class StockLane(
    NpgsqlDataSource source, InventoryMetrics metrics, StockNews news, Bell told, SlowCommandMetrics slow, HoldRules rules, TimeProvider clock, ILogger logger)
    : Lane<StockCommand>(source, slow, clock, logger)
{
    private protected override async Task<Func<Guid, Task>> BeginAsync(NpgsqlConnection connection, IReadOnlyList<StockCommand> batch)
    {
        var view = await StockReads.RunAsync(connection, batch, rules, CancellationToken.None);
        return async batchId =>
        {
            var changes = new StockChanges();
            SweepExpired.First(view, changes);
            foreach (var command in batch)
            {
                changes.TraceParent = command.TraceParent;
                command.Decide(view, changes);
            }
            await StockWrites.RunAsync(connection, batchId, batch[0], view, changes, CancellationToken.None);
            news.Changed(batch[0].EventId);
            if (changes.Messages.Count > 0) told.Ring();
            metrics.Expired(changes.Expired);
            metrics.NeverPaid(changes.NeverPaid);
            metrics.Sold(changes.Tickets.Count);
            metrics.Refunded(changes.TicketDeaths.Count);
        };
    }

    // Two orders drew one number: deciding again draws others.
    private protected override bool DecidesOtherwise(Exception fault) => DatabaseFaults.Broke(fault, "ix_orders_number");

    private protected override void Combined(int commands) => metrics.Combined(commands);
}
