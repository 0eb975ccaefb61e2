using Dapper;
using Npgsql;

namespace AdmitOne.Neighbours;

/// <param name="To">Case-folded.</param>
public sealed record Mail(string To, string Subject, string Body, DateTimeOffset WrittenAt);

/// <summary>The mails that the auth neighbour writes. It has no mail server: outside production <c>GET /dev/mail</c> shows them, in production a program of the operator's sends them from the table.</summary>
internal sealed class Mailbox(NpgsqlDataSource source)
{
    public const string Tables = """
        create table if not exists neighbours.mails (
            id         uuid        not null constraint mails_pkey primary key,
            recipient  text        not null,
            subject    text        not null,
            body       text        not null,
            created_at timestamptz not null default clock_timestamp()
        );
        create index if not exists ix_mails_recipient on neighbours.mails (recipient, created_at);
        """;

    private const int MaxShown = 20;

    public async Task WriteAsync(string to, string subject, string body, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        // What it says is of use for a day; a mail is kept for two.
        await connection.ExecuteAsync(new CommandDefinition("""
            delete from neighbours.mails where created_at < clock_timestamp() - interval '2 days';
            insert into neighbours.mails (id, recipient, subject, body) values (@id, @to, @subject, @body)
            """, new { id = Guid.CreateVersion7(), to, subject, body }, cancellationToken: cancellationToken));
    }

    /// <returns>The newest first.</returns>
    public async Task<IReadOnlyList<Mail>> ReadAsync(string to, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(
            "select recipient, subject, body, created_at from neighbours.mails where recipient = @to order by created_at desc, id desc limit @MaxShown",
            new { to = Accounts.Fold(to), MaxShown }, cancellationToken: cancellationToken));
        return [.. rows.Select(row => new Mail(row.Recipient, row.Subject, row.Body, row.CreatedAt))];
    }

    private sealed class Row
    {
        public string Recipient { get; init; } = "";
        public string Subject { get; init; } = "";
        public string Body { get; init; } = "";
        public DateTimeOffset CreatedAt { get; init; }
    }
}
