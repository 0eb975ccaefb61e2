using AdmitOne.Platform.Outbox;
using AdmitOne.Platform.Postgres;
using AdmitOne.Tickets.Lanes;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace AdmitOne.Tickets.Inventory;

/// <summary>A lane of those that move stock.</summary>
internal sealed class StockLane(NpgsqlDataSource source, InventoryMetrics metrics, StockNews news, Bell told, SlowCommandMetrics slow, HoldRules rules, ILogger logger) : Lane<StockCommand>(source, slow, logger)
{
    private protected override async Task<OpenBatch> BeginAsync(NpgsqlConnection connection, IReadOnlyList<StockCommand> batch)
    {
        var (view, transactionId) = await StockReads.RunAsync(connection, batch, rules, CancellationToken.None);
        return new OpenBatch(transactionId, async () =>
        {
            var changes = new StockChanges();
            SweepExpired.First(view, changes);
            foreach (var command in batch)
            {
                changes.TraceParent = command.TraceParent;
                command.Decide(view, changes);
            }
            await StockWrites.RunAsync(connection, batch[0], view, changes, CancellationToken.None);
            news.Changed(batch[0].EventId);
            if (changes.Messages.Count > 0) told.Ring();
            metrics.Expired(changes.Expired);
            metrics.NeverPaid(changes.NeverPaid);
            metrics.Sold(changes.Tickets.Count);
            metrics.Refunded(changes.TicketDeaths.Count);
        });
    }

    // Two orders drew one number: deciding again draws others.
    private protected override bool DecidesOtherwise(Exception fault) => DatabaseFaults.Broke(fault, "ix_orders_number");

    private protected override void Combined(int commands) => metrics.Combined(commands);
}
