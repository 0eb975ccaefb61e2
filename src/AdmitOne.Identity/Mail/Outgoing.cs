using AdmitOne.Identity.People;
using AdmitOne.Platform.Text;

namespace AdmitOne.Identity.Mail;

/// <summary>A mail to be sent.</summary>
/// <param name="Kind">Such as <c>verify</c>; a closed set.</param>
/// <param name="TenantId">The organiser it is about; null for mails of the account itself.</param>
internal sealed record NewMail(string To, string Kind, string Subject, string Text, string Html, Guid? TenantId = null);

/// <summary>
/// The mails that Identity writes, in <c>identity.outgoing</c>. A mailer sends the rows and sets <c>sent_at</c>; outside production <c>GET /dev/mail</c> shows them.
/// A mail is removed two days after it was written: it may hold a link.
/// </summary>
internal sealed class Outgoing(IdentityContext context, TimeProvider clock)
{
    private const int MaxShown = 20;

    // An address gets so many mails an hour; further ones are not written.
    private const int MaxAnHour = 20;

    public Task WriteAsync(NewMail mail, CancellationToken cancellationToken) => context.RunAsync("""
        delete from identity.outgoing where created_at < @now - interval '2 days';
        insert into identity.outgoing (id, tenant_id, recipient, kind, subject, text_body, html_body, created_at)
        select @id, @TenantId, @To, @Kind, @Subject, @Text, @Html, @now
         where (select count(*) from identity.outgoing where recipient = @To and created_at > @now - interval '1 hour') < @MaxAnHour
        """, new { id = Guid.CreateVersion7(), mail.TenantId, mail.To, mail.Kind, mail.Subject, mail.Text, mail.Html, now = clock.GetUtcNow(), MaxAnHour }, cancellationToken);

    /// <returns>The newest first.</returns>
    public async Task<ShownMails> ReadAsync(string to, CancellationToken cancellationToken)
    {
        var rows = await context.AskAsync<Row>("""
            select id, recipient, subject, created_at, text_body, html_body from identity.outgoing where recipient = @to order by created_at desc, id desc limit @MaxShown
            """, new { to = EmailAddress.Fold(to), MaxShown }, cancellationToken);
        return new ShownMails([.. rows.Select(row => new ShownMail(row.Id, row.Recipient, row.Subject, row.CreatedAt, row.TextBody, row.HtmlBody))]);
    }

    private sealed class Row
    {
        public Guid Id { get; init; }
        public string Recipient { get; init; } = "";
        public string Subject { get; init; } = "";
        public DateTimeOffset CreatedAt { get; init; }
        public string TextBody { get; init; } = "";
        public string HtmlBody { get; init; } = "";
    }
}

public sealed record ShownMails(IReadOnlyList<ShownMail> Items);

/// <param name="To">Folded as addresses are compared.</param>
/// <param name="ReceivedAt">When it was written.</param>
public sealed record ShownMail(Guid Id, string To, string Subject, DateTimeOffset ReceivedAt, string Text, string Html);
