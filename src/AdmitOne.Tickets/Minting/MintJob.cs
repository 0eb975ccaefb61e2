namespace AdmitOne.Tickets.Minting;

/// <summary>One thing to be done to a ticket's token. <c>waiting</c> to be sent, <c>sent</c> and waiting for its answer, <c>done</c>, or a <c>dead</c> letter.</summary>
/// <param name="Kind"><c>mint</c>, <c>transfer</c> or <c>burn</c>; those of one ticket are done in their order.</param>
/// <param name="OwnerId">Who the token is to belong to.</param>
/// <param name="Attempts">How often it was sent since it was made or replayed.</param>
/// <param name="NextAttemptAt">When it is sent, or asked about, next; null when there is nothing left to do.</param>
/// <param name="LastError">Why the last attempt came to nothing.</param>
public sealed record MintJob(
    Guid Id, Guid TicketId, Guid EventId, string Kind, Guid? OwnerId, string Status, int Attempts, DateTimeOffset? NextAttemptAt, string? LastError, string? TokenId, string? TransactionId,
    DateTimeOffset CreatedAt);

internal sealed class MintJobRow
{
    public Guid Id { get; init; }
    public Guid TicketId { get; init; }
    public Guid EventId { get; init; }
    public string Kind { get; init; } = "";
    public Guid? OwnerId { get; init; }
    public string Status { get; init; } = "";
    public int Attempts { get; init; }
    public DateTimeOffset NextAttemptAt { get; init; }
    public string? LastError { get; init; }
    public string? TokenId { get; init; }
    public string? TransactionId { get; init; }
    public DateTimeOffset CreatedAt { get; init; }

    public const string Columns =
        "j.id, j.ticket_id, j.event_id, j.kind, j.owner_id, j.status, j.attempts, j.next_attempt_at, j.last_error, j.token_id, j.transaction_id, j.created_at";

    public MintJob Answer() => new(Id, TicketId, EventId, Kind, OwnerId, Status, Attempts, Status is "waiting" or "sent" ? NextAttemptAt : null, LastError, TokenId, TransactionId, CreatedAt);
}
