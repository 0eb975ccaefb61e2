using AdmitOne.Platform.Audit;
using AdmitOne.Platform.Outbox;
using AdmitOne.Platform.Postgres;
using AdmitOne.Tickets.Payments;

namespace AdmitOne.Tickets.Refunds;

/// <summary>
/// Writes down what the provider says of a refund, in one transaction with what follows from it. The worker, which asks, and the provider's own events
/// come here, in any order and any number of times: what is written already is not written again.
/// </summary>
internal static class RefundStates
{
    private const int MaxErrorLength = 500;
    private const int LongestPauseSeconds = 3600;

    private static readonly Actor s_provider = Actor.OfSystem("payment provider");

    /// <param name="attempts">How often it was sent, this time included: refusals are repeated at growing distances.</param>
    public static Task RecordAsync(TenantWork work, Guid refundId, ProviderRefundResult said, int attempts, CancellationToken cancellationToken)
    {
        var row = new { refundId, said.Reference, detail = Cut(said.Detail), pause = Pause(attempts - 1), LongestPauseSeconds };
        return said.State switch
        {
            ProviderRefundState.Succeeded => work.ExecuteAsync("""
                update tickets.refunds set status = 'succeeded', provider_reference = @Reference, last_error = null, needs_person = unassigned_minor > 0 and needs_person, updated_at = clock_timestamp()
                 where id = @refundId and (status <> 'succeeded' or provider_reference is distinct from @Reference) and (provider_reference is null or provider_reference = @Reference)
                """, row, cancellationToken),
            ProviderRefundState.Pending => work.ExecuteAsync("""
                update tickets.refunds set status = 'pending', provider_reference = @Reference, last_error = @detail, provider_checks = provider_checks + 1,
                       next_attempt_at = clock_timestamp() + make_interval(secs => least(@LongestPauseSeconds, 2 * power(2, least(provider_checks, 20)))), updated_at = clock_timestamp()
                 where id = @refundId and not (status = 'failed' and needs_person) and (provider_reference is null or provider_reference = @Reference)
                """, row, cancellationToken),
            ProviderRefundState.Refused => work.ExecuteAsync("""
                update tickets.refunds set status = 'failed', last_error = @detail, key_number = key_number + 1, key_first_sent_at = null,
                       next_attempt_at = clock_timestamp() + make_interval(secs => @pause), updated_at = clock_timestamp()
                 where id = @refundId and status in ('pending', 'failed') and provider_reference is null
                """, row, cancellationToken),
            _ => FailAsync(work, refundId, said, cancellationToken),
        };
    }

    /// <summary>Nobody knows whether the provider took it: the same request is repeated, with the same key.</summary>
    public static Task RecordSilenceAsync(TenantWork work, Guid refundId, string why, int attempts, CancellationToken cancellationToken) => work.ExecuteAsync("""
        update tickets.refunds set status = case when provider_reference is null then 'failed' else status end, last_error = @why,
               next_attempt_at = clock_timestamp() + make_interval(secs => @pause), updated_at = clock_timestamp()
         where id = @refundId and (status = 'pending' or (status = 'failed' and not needs_person))
        """, new { refundId, why = Cut(why), pause = Pause(attempts - 1) }, cancellationToken);

    /// <summary>
    /// The money is back with the organiser. Sending it once more by itself would fail for the same reason, so it waits for a manager. A refund of the
    /// provider's dashboard that belonged to no tickets is taken out of the books again: no money has moved by it.
    /// </summary>
    private static async Task FailAsync(TenantWork work, Guid refundId, ProviderRefundResult said, CancellationToken cancellationToken)
    {
        var failed = await work.FindAsync<FailedRefund>("""
            update tickets.refunds r set status = 'failed', needs_person = true, last_error = @detail, provider_reference = @Reference, key_number = r.key_number + 1, key_first_sent_at = null,
                   updated_at = clock_timestamp()
              from tickets.orders o
             where r.id = @refundId and o.tenant_id = r.tenant_id and o.id = r.order_id and not (r.status = 'failed' and r.needs_person)
               and (r.provider_reference is null or r.provider_reference = @Reference)
            returning r.order_id, o.event_id, r.amount_minor, r.currency, r.from_provider and r.unassigned_minor = r.amount_minor as is_loose
            """, new { refundId, said.Reference, detail = Cut(said.Detail) }, cancellationToken);
        if (failed is null) return;
        if (failed.IsLoose) await work.ExecuteAsync("delete from tickets.refunds where id = @refundId", new { refundId }, cancellationToken);
        await work.TellAsync("refund.failed", failed.OrderId, new { failed.OrderId, failed.EventId, refundId, failed.AmountMinor, failed.Currency }, cancellationToken);
        await work.AuditAsync(s_provider, new AuditEntry("refund.fail", "order", failed.OrderId, null,
            new { refundId, failed.AmountMinor, failed.Currency, said.Reference, said.Detail }), cancellationToken);
    }

    private static string? Cut(string? text) => text?[..Math.Min(MaxErrorLength, text.Length)];

    private static double Pause(int repeats) => Math.Min(LongestPauseSeconds, Math.Pow(2, Math.Clamp(repeats, 0, 20)));

    private sealed class FailedRefund
    {
        public Guid OrderId { get; init; }
        public Guid EventId { get; init; }
        public long AmountMinor { get; init; }
        public string Currency { get; init; } = "";
        public bool IsLoose { get; init; }
    }
}
