using AdmitOne.Platform.Postgres;
using AdmitOne.Tickets.Inventory;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Tickets.Purchases;

/// <summary>An order whose payment is between its two transactions.</summary>
internal sealed class OpenPayment
{
    public Guid TenantId { get; init; }
    public Guid EventId { get; init; }
    public Guid OrderId { get; init; }
    public Guid HoldId { get; init; }
    public Guid? UserId { get; init; }
    public Guid PaymentId { get; init; }
    public string Token { get; init; } = "";
    public long AmountMinor { get; init; }
    public string Currency { get; init; } = "";
    public DateTimeOffset HoldExpiresAt { get; init; }
    public Guid[] TicketTypeIds { get; init; } = [];

    public ProviderPayment ForProvider => new(PaymentId, Token, AmountMinor, Currency, HoldExpiresAt);
}

/// <summary>
/// What lies between a purchase's two transactions: asking the provider, never inside one. The request and the reconciler both come here, in
/// any order and any number of times; the order's own state makes the end the same.
/// </summary>
internal sealed partial class PaymentDesk(Database database, EventLanes lanes, TestPayments provider, TimeProvider clock, ILogger<PaymentDesk> logger)
{
    private static readonly TimeSpan s_askAgainWhileHeld = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan s_askAgainAfterwards = TimeSpan.FromSeconds(2);

    /// <summary>Charges a payment that has just begun.</summary>
    /// <returns>What its order came to; null while no money and no refusal has come.</returns>
    public async Task<Settled?> ChargeAsync(OpenPayment payment)
    {
        Settled? first = null;
        await foreach (var state in provider.ChargeAsync(payment.ForProvider))
        {
            var settled = state switch
            {
                ProviderState.Succeeded => await SettleAsync(payment, PaymentResult.Succeeded),
                ProviderState.Declined => await SettleAsync(payment, PaymentResult.Failed),
                _ => null,
            };
            first ??= settled;
        }
        return first;
    }

    /// <summary>Finds out what became of a payment that nobody has settled, and settles it if there is an answer.</summary>
    public async Task ReconcileAsync(Guid tenantId, Guid orderId, CancellationToken cancellationToken)
    {
        if (await FindAsync(tenantId, orderId, cancellationToken) is not { } payment) return;
        switch (provider.Ask(payment.ForProvider))
        {
            case ProviderState.Succeeded:
                await SettleAsync(payment, PaymentResult.Succeeded);
                break;
            case ProviderState.Declined:
                await SettleAsync(payment, PaymentResult.Failed);
                break;
            case ProviderState.Pending when clock.GetUtcNow() >= payment.HoldExpiresAt && TestPayments.TryCancel(payment.ForProvider):
                await SettleAsync(payment, PaymentResult.Expired);
                break;
            default:
                await AskLaterAsync(payment, cancellationToken);
                break;
        }
    }

    private async Task<Settled> SettleAsync(OpenPayment payment, PaymentResult result)
    {
        while (true)
        {
            var (settled, refusal) = await lanes.RunAsync(new SettlePayment(payment.TenantId, payment.EventId, payment.OrderId,
                new HeldFor(payment.HoldId, payment.UserId, payment.TicketTypeIds), result,
                result == PaymentResult.Succeeded ? TestPayments.Reference(payment.ForProvider) : null, PurchaseAnswer.Paid, PurchaseAnswer.Declined));
            if (settled is not null) return settled;
            // The lane is full. The money has moved already, so this waits for its turn instead of giving up.
            LaneFull(refusal!.Type.Code);
            await Task.Delay(TimeSpan.FromMilliseconds(100), clock);
        }
    }

    private async Task<OpenPayment?> FindAsync(Guid tenantId, Guid orderId, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(tenantId, cancellationToken);
        return await work.FindAsync<OpenPayment>("""
            select o.tenant_id, o.event_id, o.id as order_id, o.hold_id, o.user_id, p.id as payment_id, p.token, p.amount_minor, p.currency, p.hold_expires_at,
                   (select array_agg(i.ticket_type_id) from tickets.order_items i where i.tenant_id = o.tenant_id and i.order_id = o.id) as ticket_type_ids
              from tickets.orders o join tickets.payments p on p.tenant_id = o.tenant_id and p.order_id = o.id
             where o.id = @orderId and p.status = 'created'
            """, new { orderId }, cancellationToken);
    }

    private async Task AskLaterAsync(OpenPayment payment, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var next = now >= payment.HoldExpiresAt ? now + s_askAgainAfterwards
            : now + s_askAgainWhileHeld < payment.HoldExpiresAt ? now + s_askAgainWhileHeld
            : payment.HoldExpiresAt;
        await using var work = await database.BeginAsync(payment.TenantId, cancellationToken);
        await work.ExecuteAsync("update tickets.payments set next_check_at = @next where id = @PaymentId and status = 'created'", new { payment.PaymentId, next }, cancellationToken);
        await work.CommitAsync(cancellationToken);
    }

    [LoggerMessage(EventId = 4201, Level = LogLevel.Warning, Message = "A payment waits to be settled: {Code}")]
    private partial void LaneFull(string code);
}
