using System.Diagnostics;
using AdmitOne.Platform.Postgres;
using AdmitOne.Tickets.Inventory;
using AdmitOne.Tickets.Payments;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Tickets.Purchases;

/// <summary>What charging came to.</summary>
/// <param name="Settled">Null while no money and no refusal has come.</param>
/// <param name="Action">What the buyer has to do for it.</param>
internal sealed record Charged(Settled? Settled, ProviderAction? Action);

/// <summary>
/// What lies between a purchase's two transactions: asking the provider, never inside one. The request and the reconciler both come here, in
/// any order and any number of times; the order's own state makes the end the same.
/// </summary>
internal sealed partial class PaymentDesk(Database database, EventLanes lanes, PaymentProviders providers, TimeProvider clock, ILogger<PaymentDesk> logger)
{
    private static readonly string[] s_notPaid = ["created", "failed", "cancelled"];
    private static readonly TimeSpan s_askAgainWhileHeld = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan s_askAgainAfterwards = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromHours(1);

    /// <summary>Charges a payment that has just begun. A client that hangs up changes nothing about how this ends.</summary>
    public async Task<Charged> ChargeAsync(OpenPayment payment)
    {
        Settled? first = null;
        ProviderAction? action = null;
        try
        {
            await foreach (var answer in providers.Of(payment.Method).ChargeAsync(ForProvider(payment), CancellationToken.None))
            {
                var settled = await TrySettleAsync(payment, answer);
                if (settled is null)
                {
                    action = answer.Action;
                    // If it was settled meanwhile the provider is not asked for anything more.
                    if (!await AskLaterAsync(payment, answer.Reference, CancellationToken.None)) break;
                }
                first ??= settled;
            }
        }
        catch (PaymentProviderException silent)
        {
            ProviderSilent(silent, payment.OrderId);   // whether money moved is found out by asking
        }
        return new Charged(first, action);
    }

    /// <summary>Finds out what became of a payment that nobody has settled, and settles it if there is an answer.</summary>
    public async Task ReconcileAsync(Guid tenantId, Guid orderId, CancellationToken cancellationToken)
    {
        // What is kept here for the buyer to read later names a trace, as every answer does.
        using var trace = new Activity("reconcile payment").Start();
        if (await FindAsync(tenantId, orderId, ["created"], cancellationToken) is not { } payment) return;
        try
        {
            await AskAsync(payment, cancellationToken);
        }
        catch (PaymentProviderException silent)
        {
            ProviderSilent(silent, payment.OrderId);
            await AskLaterAsync(payment, null, cancellationToken);
        }
    }

    /// <summary>Asks the provider, because it said that something happened: also about a payment that was given up, whose money may have come after all.</summary>
    /// <exception cref="PaymentProviderException">It does not say; ask again.</exception>
    public async Task AskNowAsync(Guid tenantId, Guid orderId, CancellationToken cancellationToken)
    {
        if (await FindAsync(tenantId, orderId, s_notPaid, cancellationToken) is { } payment) await AskAsync(payment, cancellationToken);
    }

    /// <summary>Calls off a payment that is pending, because its owner asks for it. What has been settled meanwhile stays as it is.</summary>
    /// <returns>False if the provider cannot stop it any more.</returns>
    /// <exception cref="PaymentProviderException">It does not say; nothing was changed.</exception>
    public async Task<bool> CallOffAsync(Guid tenantId, Guid orderId, CancellationToken cancellationToken)
    {
        if (await FindAsync(tenantId, orderId, ["created"], cancellationToken) is not { } payment) return true;
        // A client that hangs up changes nothing from here on: what the provider has cancelled is settled.
        var answer = await providers.Of(payment.Method).CancelAsync(ForProvider(payment), CancellationToken.None);
        var settled = answer.State == ProviderState.Cancelled ? await SettleAsync(payment, PaymentResult.CalledOff, answer) : await TrySettleAsync(payment, answer);
        return settled is not null;
    }

    /// <summary>Settles by a payment service's own word.</summary>
    /// <param name="paid">What was paid, in minor units, if it said so: another amount than the order's is not taken for it.</param>
    public async Task HearAsync(Guid tenantId, Guid orderId, ProviderAnswer answer, (long AmountMinor, string Currency)? paid)
    {
        if (await FindAsync(tenantId, orderId, s_notPaid, CancellationToken.None) is not { } payment) return;
        if (answer.State == ProviderState.Succeeded && paid is { } said && said != (payment.AmountMinor, payment.Currency)) AnotherAmount(orderId);
        else await TrySettleAsync(payment, answer);
    }

    /// <returns>Whose order it is, or null if nobody's.</returns>
    public async Task<Guid?> FindTenantAsync(Guid orderId, CancellationToken cancellationToken) =>
        (await database.AskForAllTenantsAsync<Guid?>("select tickets.tenant_of_order(@orderId)", new { orderId }, cancellationToken))[0];

    private async Task AskAsync(OpenPayment payment, CancellationToken cancellationToken)
    {
        var provider = providers.Of(payment.Method);
        var answer = await provider.AskAsync(ForProvider(payment), cancellationToken);
        if (answer.State == ProviderState.Pending && clock.GetUtcNow() >= payment.HoldExpiresAt) answer = await provider.CancelAsync(ForProvider(payment), cancellationToken);
        if (await TrySettleAsync(payment, answer) is null) await AskLaterAsync(payment, answer.Reference, cancellationToken);
    }

    private async Task<Settled?> TrySettleAsync(OpenPayment payment, ProviderAnswer answer) => answer.State switch
    {
        ProviderState.Succeeded => await SettleAsync(payment, PaymentResult.Succeeded, answer),
        ProviderState.Declined => await SettleAsync(payment, PaymentResult.Failed, answer),
        ProviderState.Cancelled => await SettleAsync(payment, PaymentResult.Expired, answer),
        _ => null,
    };

    private async Task<Settled> SettleAsync(OpenPayment payment, PaymentResult result, ProviderAnswer answer)
    {
        while (true)
        {
            var (settled, refusal) = await lanes.RunAsync(new SettlePayment(payment.TenantId, payment.EventId, payment.OrderId,
                new HeldFor(payment.HoldId, payment.UserId, payment.TicketTypeIds, payment.DiscountIds), result, answer.Reference, PurchaseAnswer.Paid,
                answer.Unpayable is { } why ? _ => PurchaseAnswer.Unpayable(why) : PurchaseAnswer.Declined), CancellationToken.None);
            if (settled is not null) return settled;
            // The lane is full. The money has moved already, so this waits for its turn instead of giving up.
            LaneFull(refusal!.Type.Code);
            await Task.Delay(TimeSpan.FromMilliseconds(100), clock);
        }
    }

    private async Task<OpenPayment?> FindAsync(Guid tenantId, Guid orderId, string[] states, CancellationToken cancellationToken)
    {
        await using var work = await database.BeginAsync(tenantId, cancellationToken);
        return await work.FindAsync<OpenPayment>("""
            select o.tenant_id, o.event_id, o.id as order_id, o.order_number, o.hold_id, o.user_id, p.id as payment_id, p.method, p.token, p.provider_reference as reference, p.amount_minor, p.currency, p.hold_expires_at,
                   o.discount_ids,
                   (select array_agg(distinct i.ticket_type_id) from tickets.order_items i where i.tenant_id = o.tenant_id and i.order_id = o.id and i.kind = 'ticket') as ticket_type_ids
              from tickets.orders o join tickets.payments p on p.tenant_id = o.tenant_id and p.order_id = o.id
             where o.id = @orderId and p.status = any (@states)
            """, new { orderId, states }, cancellationToken);
    }

    private static ProviderPayment ForProvider(OpenPayment payment) => new(payment.PaymentId, payment.OrderId, payment.Token ?? "", payment.AmountMinor, payment.Currency,
        payment.Reference, payment.HoldExpiresAt);

    /// <returns>False if the payment has been settled: there is nothing to ask any more.</returns>
    private async Task<bool> AskLaterAsync(OpenPayment payment, string? reference, CancellationToken cancellationToken)
    {
        var next = NextCheck(clock.GetUtcNow(), payment.HoldExpiresAt);
        await using var work = await database.BeginAsync(payment.TenantId, cancellationToken);
        var waits = await work.ExecuteAsync("""
            update tickets.payments set next_check_at = @next, provider_reference = coalesce(@reference, provider_reference) where id = @PaymentId and status = 'created'
            """, new { payment.PaymentId, next, reference }, cancellationToken) == 1;
        await work.CommitAsync(cancellationToken);
        return waits;
    }

    /// <summary>
    /// When a payment without an end is asked about again: each quarter of a minute while its tickets are held, and at the hold's end. Afterwards the
    /// pauses grow with the time that it has taken, from two seconds to an hour: a bank debit is <c>processing</c> for days.
    /// </summary>
    internal static DateTimeOffset NextCheck(DateTimeOffset now, DateTimeOffset holdExpiresAt)
    {
        if (now < holdExpiresAt) return now + s_askAgainWhileHeld < holdExpiresAt ? now + s_askAgainWhileHeld : holdExpiresAt;
        var grown = (now - holdExpiresAt) / 2;
        return now + (grown < s_askAgainAfterwards ? s_askAgainAfterwards : grown > s_longestPause ? s_longestPause : grown);
    }

    [LoggerMessage(EventId = 4201, Level = LogLevel.Warning, Message = "A payment waits to be settled: {Code}")]
    private partial void LaneFull(string code);

    [LoggerMessage(EventId = 4202, Level = LogLevel.Warning, Message = "The provider does not say what became of the payment of order {OrderId}; it is asked again")]
    private partial void ProviderSilent(Exception silent, Guid orderId);

    [LoggerMessage(EventId = 4203, Level = LogLevel.Error, Message = "A payment of another amount than its total was confirmed for order {OrderId}; it was not taken for paid")]
    private partial void AnotherAmount(Guid orderId);
}
