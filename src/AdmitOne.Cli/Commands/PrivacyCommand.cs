using System.CommandLine;
using System.Text.Json;
using AdmitOne.Cli.Terminals;
using AdmitOne.Platform.Text;
using AdmitOne.Schema;
using Dapper;
using Npgsql;

namespace AdmitOne.Cli.Commands;

/// <summary><c>admitone privacy export|erase</c>: what is kept about a person, and its end. Orders, tickets and the books stay; who it was goes.</summary>
internal static class PrivacyCommand
{
    private const string ErasedAddress = "erased@invalid";

    // Bought with their account, or without a sign-in under their address.
    private const string TheirOrders = "(o.user_id = @user or lower(o.contact_email) = @email)";

    // Everything with a person in it, by the column that says who. The newest table that gains one is added here, and a test plants an address in each.
    private static readonly (string Name, string Sql)[] s_kept =
    [
        ("person", "select id, email, name, created_at, updated_at from platform.users where id = @user"),
        ("account", "select p.id, p.email, p.email_confirmed, p.name, p.created_at, p.signed_in_at from identity.people p join identity.memberships m on m.person_id = p.id where p.id = @user and m.tenant_id = @tenant"),
        ("memberships", "select tenant_id, role, invited_by, created_at from identity.memberships where person_id = @user and tenant_id = @tenant"),
        ("sessions", "select s.kind, s.agent, s.network, s.created_at, s.last_seen_at from identity.sessions s where s.person_id = @user and exists (select from identity.memberships m where m.person_id = @user and m.tenant_id = @tenant)"),
        ("passkeys", "select k.data ->> 'Name' as name, k.data ->> 'CreatedAt' as created_at from identity.person_passkeys k where k.person_id = @user and exists (select from identity.memberships m where m.person_id = @user and m.tenant_id = @tenant)"),
        ("authenticator", "select a.created_at, a.confirmed_at from identity.authenticators a where a.person_id = @user and exists (select from identity.memberships m where m.person_id = @user and m.tenant_id = @tenant)"),
        ("invitations", "select email, role, created_at, accepted_at from identity.invitations where tenant_id = @tenant and (accepted_by = @user or (@email <> '' and email = @email))"),
        ("mails", "select kind, subject, created_at, sent_at from identity.outgoing where @email <> '' and recipient = @email and (tenant_id = @tenant or tenant_id is null)"),
        ("reservations", "select * from tickets.reservations where user_id = @user order by created_at"),
        ("orders", $"select * from tickets.orders o where {TheirOrders} order by created_at"),
        ("payments", $"select p.* from tickets.payments p join tickets.orders o on o.tenant_id = p.tenant_id and o.id = p.order_id where {TheirOrders} order by p.created_at"),
        ("refunds", $"select r.* from tickets.refunds r join tickets.orders o on o.tenant_id = r.tenant_id and o.id = r.order_id where {TheirOrders} order by r.created_at"),
        ("tickets", "select * from tickets.tickets where user_id = @user or lower(attendee_email) = @email order by created_at"),
        ("admissions", "select v.* from tickets.ticket_validations v join tickets.tickets t on t.tenant_id = v.tenant_id and t.id = v.ticket_id where t.user_id = @user order by v.received_at"),
        ("transfers", "select * from tickets.ticket_transfers where from_user_id = @user or to_user_id = @user or lower(recipient_email) = @email order by created_at"),
        ("done", "select occurred_at, service, action, resource_type, resource_id, client_address from platform.audit_log where actor_id = @user order by occurred_at"),
    ];

    private static readonly (string What, string Sql)[] s_erased =
    [
        ("transfers", $"update tickets.ticket_transfers set recipient_email = '{ErasedAddress}', message = null where to_user_id = @user or lower(recipient_email) = @email"),
        ("messages on transfers", "update tickets.ticket_transfers set message = null where from_user_id = @user and message is not null"),
        ("orders", "update tickets.orders o set contact_email = null, buyer_name = null, language = null, is_guest = false where (o.contact_email is not null or o.buyer_name is not null) and "
            + TheirOrders),
        ("names on tickets", "update tickets.tickets set attendee_name = null, attendee_email = null where (attendee_name is not null or attendee_email is not null) and (user_id = @user or lower(attendee_email) = @email)"),
        ("stored answers", "delete from platform.idempotency_keys where user_id = @user and status = 'done'"),
        ("messages", $"update platform.outbox set data = replace(data::text, @email, '{ErasedAddress}')::jsonb where @email <> '' and strpos(data::text, @email) > 0"),
        ("webhooks", $"update tickets.webhook_deliveries set body = replace(body, @email, '{ErasedAddress}') where @email <> '' and strpos(body, @email) > 0"),
        ("invitations", "delete from identity.invitations where tenant_id = @tenant and (accepted_by = @user or (@email <> '' and email = @email))"),
        ("mails", "delete from identity.outgoing where @email <> '' and recipient = @email and (tenant_id = @tenant or tenant_id is null)"),
        ("memberships", "delete from identity.memberships where tenant_id = @tenant and person_id = @user"),
        // An account that still belongs to another organiser is not this one's to erase.
        ("account", "delete from identity.people p where p.id = @user and not exists (select from identity.memberships m where m.person_id = p.id)"),
        ("other accounts of the address", "delete from identity.people p where @email <> '' and p.email = @email and not p.email_confirmed and not exists (select from identity.memberships m where m.person_id = p.id and m.tenant_id <> @tenant)"),
        ("person", "update platform.users set email = null, name = null, updated_at = clock_timestamp() where id = @user"),
    ];

    public static Command Create() => new("privacy", "What is kept about a person: `export` prints it, `erase` removes names and addresses and keeps the books.")
    {
        Make("export", "Print everything that is kept about a person, as one JSON object.", ExportAsync),
        Make("erase", "Remove a person's name and e-mail address everywhere. Orders and tickets stay, and say no more who it was. Close their account first, or their next visit brings them back.", EraseAsync),
    };

    private static Command Make(string name, string description, Func<Look, CommandProgress, Task<string>> act)
    {
        var data = DataOption.Create("the PostgreSQL of DB_HOST, DB_PORT, DB_NAME, DB_MIGRATE_USER and DB_MIGRATE_PASSWORD");
        var tenant = new Option<Guid>("--tenant") { Description = "The organiser whose customer it is.", HelpName = "ID", Required = true };
        var user = new Option<Guid?>("--user") { Description = "The person.", HelpName = "ID" };
        var email = new Option<string?>("--email") { Description = "Or their address.", HelpName = "E" };
        var command = new Command(name, description) { data, tenant, user, email };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            MigrateTarget? target = null;
            try
            {
                target = MigrateTarget.From(parsed.GetValue(data));
                await using var connection = new NpgsqlConnection(target.ConnectionString);
                await connection.OpenAsync(cancellationToken);
                await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
                await connection.ExecuteAsync($"set local role {DatabaseRoles.Owner}; select set_config('app.tenant_id', @tenant::text, true)", new { tenant = parsed.GetRequiredValue(tenant) }, transaction);
                var look = await FindAsync(new Look(connection, transaction, parsed.GetRequiredValue(tenant), Guid.Empty, ""), parsed.GetValue(user), parsed.GetValue(email));
                var terminal = Terminal.Of(parsed.InvocationConfiguration);
                var done = await terminal.RunAsync($"privacy {name}", progress => act(look, progress));
                await transaction.CommitAsync(cancellationToken);
                // Someone reads it as JSON.
                terminal.WriteAsIs(done + Environment.NewLine);
                return 0;
            }
            catch (Exception fault) when (MigrateTarget.Explain(fault, target) is { } line)
            {
                await parsed.InvocationConfiguration.Error.WriteLineAsync("admitone: " + line);
                return 1;
            }
        });
        return command;
    }

    private static async Task<Look> FindAsync(Look look, Guid? user, string? email)
    {
        if (user is null && string.IsNullOrWhiteSpace(email)) throw new MigrationException("say --user ID or --email E");
        var found = (await look.Connection.QueryAsync<(Guid Id, string? Email)>(
            """
            select distinct on (id) id, email from (
                select id, email from platform.users
                union all select p.id, p.email from identity.people p join identity.memberships m on m.person_id = p.id where m.tenant_id = @tenant and (@user::uuid is not null or p.email_confirmed)) known
             where (@user::uuid is null or id = @user) and (@email::text is null or lower(email) = lower(@email) or email = @folded) order by id
            """,
            new { tenant = look.Tenant, user, email = email?.Trim(), folded = email is null ? null : EmailAddress.Fold(email) }, look.Transaction)).ToList();
        var folded = email is null ? "" : EmailAddress.Fold(email);
        // Who bought without a sign-in is no person of ours: their address alone says which orders are theirs.
        if (found.Count == 0 && user is null && await look.Connection.ExecuteScalarAsync<bool>("""
            select exists (select from tickets.orders where lower(contact_email) = @folded) or exists (select from tickets.tickets where lower(attendee_email) = @folded)
            """, new { folded }, look.Transaction)) return look with { Email = folded };
        return found switch
        {
            [var (id, address)] => look with { User = id, Email = address is null ? "" : EmailAddress.Fold(address) },
            [] => throw new MigrationException("that tenant knows no such person"),
            _ => throw new MigrationException($"{found.Count} people have this address: say --user ID"),
        };
    }

    private static async Task<string> ExportAsync(Look look, CommandProgress progress)
    {
        var all = new Dictionary<string, JsonElement>();
        foreach (var (name, sql) in progress.Each("reading table", s_kept))
        {
            var rows = await look.Connection.ExecuteScalarAsync<string>($"select coalesce(json_agg(x), '[]')::text from ({sql}) x", new { user = look.User, email = look.Email, tenant = look.Tenant }, look.Transaction);
            all[name] = JsonDocument.Parse(rows!).RootElement;
        }
        await NoteAsync(look, "privacy.export");
        return JsonSerializer.Serialize(all);
    }

    private static async Task<string> EraseAsync(Look look, CommandProgress progress)
    {
        var done = new List<string>();
        foreach (var (what, sql) in progress.Each("erasing from table", s_erased))
            if (await look.Connection.ExecuteAsync(sql, new { user = look.User, email = look.Email, tenant = look.Tenant }, look.Transaction) is var rows and > 0) done.Add($"{rows} {what}");
        await NoteAsync(look, "privacy.erase");
        return $"erased: {string.Join(", ", done)}";
    }

    private static async Task NoteAsync(Look look, string action) => await look.Connection.ExecuteAsync("""
        insert into platform.audit_log (tenant_id, id, actor_kind, actor_name, action, resource_type, resource_id) values (@Tenant, @id, 'system', 'cli', @action, 'user', @User)
        """, new { look.Tenant, id = Guid.CreateVersion7(), action, look.User }, look.Transaction);

    private sealed record Look(NpgsqlConnection Connection, NpgsqlTransaction Transaction, Guid Tenant, Guid User, string Email);
}
