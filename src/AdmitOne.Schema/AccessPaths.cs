namespace AdmitOne.Schema;

/// <summary>A way by which rows are looked for, and the index that it goes by.</summary>
/// <param name="Table">Of the schema tickets.</param>
/// <param name="By">As the checklist names it.</param>
/// <param name="Index">Of the schema tickets.</param>
/// <param name="Sql">A query of that kind; @tenant, @id and @at stand for what is asked for.</param>
public sealed record AccessPath(string Table, string By, string Index, string Sql);

/// <summary>The 42 access paths of the production checklist. Every query carries the tenant, so that one index serves several.</summary>
public static class AccessPaths
{
    public static IReadOnlyList<AccessPath> All { get; } =
    [
        new("ticket_types", "event_id", "ix_ticket_types_event", "select id from tickets.ticket_types where tenant_id = @tenant and event_id = @id and deleted_at is null"),
        new("ticket_types", "tenant_id", "ix_ticket_types_event", "select id from tickets.ticket_types where tenant_id = @tenant and deleted_at is null"),
        new("ticket_types", "tenant_id, event_id", "ix_ticket_types_event", "select id, name, price_minor from tickets.ticket_types where tenant_id = @tenant and event_id = @id and deleted_at is null order by id"),
        new("ticket_types", "event_id, availability", "ix_ticket_types_event",
            "select t.id from tickets.ticket_types t join tickets.stock s on (s.tenant_id, s.ticket_type_id) = (t.tenant_id, t.id) where t.tenant_id = @tenant and t.event_id = @id and t.deleted_at is null and s.held + s.sold < s.quantity"),

        new("reservations", "user_id", "ix_reservations_user", "select id from tickets.reservations where tenant_id = @tenant and user_id = @id order by created_at desc limit 50"),
        new("reservations", "ticket_type_id", "ix_reservations_held_by_type", "select sum(quantity) from tickets.reservations where tenant_id = @tenant and ticket_type_id = @id and status = 'held'"),
        new("reservations", "status", "ix_reservations_held_expiry", "select count(*) from tickets.reservations where status = 'held'"),
        new("reservations", "status, expires_at", "ix_reservations_held_expiry", "select tenant_id, hold_id from tickets.reservations where status = 'held' and expires_at <= @at order by expires_at limit 1000"),
        new("reservations", "tenant_id", "reservations_pkey", "select id, status from tickets.reservations where tenant_id = @tenant and id > @id order by id limit 50"),
        new("reservations", "user_id, status", "ix_reservations_user", "select id from tickets.reservations where tenant_id = @tenant and user_id = @id and status = 'held'"),
        new("reservations", "created_at", "ix_reservations_created", "select count(*) from tickets.reservations where created_at >= @at"),

        new("tickets", "user_id", "ix_tickets_user", "select id from tickets.tickets where tenant_id = @tenant and user_id = @id order by created_at desc limit 50"),
        new("tickets", "ticket_type_id", "ix_tickets_type", "select count(*) from tickets.tickets where tenant_id = @tenant and ticket_type_id = @id"),
        new("tickets", "reservation_id", "ix_tickets_order",
            "select t.id from tickets.reservations r join tickets.tickets t on (t.tenant_id, t.order_id) = (r.tenant_id, r.order_id) where r.tenant_id = @tenant and r.id = @id"),
        new("tickets", "status", "ix_tickets_type", "select status, count(*) from tickets.tickets where tenant_id = @tenant and ticket_type_id = @id group by status"),
        new("tickets", "user_id, status", "ix_tickets_user", "select id from tickets.tickets where tenant_id = @tenant and user_id = @id and status = 'issued'"),
        new("tickets", "code", "tickets_pkey", "select id, owner_version from tickets.tickets where tenant_id = @tenant and id = @id"),
        new("tickets", "nft token", "ix_tickets_nft", "select id from tickets.tickets where tenant_id = @tenant and nft_token_id = 'none'"),
        new("tickets", "tenant_id", "tickets_pkey", "select id, status from tickets.tickets where tenant_id = @tenant and id > @id order by id limit 50"),
        new("tickets", "tenant_id, user_id", "ix_tickets_user", "select count(*) from tickets.tickets where tenant_id = @tenant and user_id = @id"),
        new("tickets", "admitted or not", "admissions_pkey", "select inside from tickets.admissions where tenant_id = @tenant and ticket_id = @id"),
        new("tickets", "created_at", "ix_tickets_created", "select count(*) from tickets.tickets where created_at >= @at"),
        new("tickets", "admitted_at", "ix_admissions_event", "select count(*) from tickets.admissions where tenant_id = @tenant and event_id = @id and admitted_at >= @at"),

        new("ticket_transfers", "ticket_id", "ix_ticket_transfers_ticket", "select id, status, created_at from tickets.ticket_transfers where tenant_id = @tenant and ticket_id = @id"),
        new("ticket_transfers", "from_user", "ix_ticket_transfers_from", "select id from tickets.ticket_transfers where tenant_id = @tenant and from_user_id = @id order by created_at desc limit 50"),
        new("ticket_transfers", "to_user", "ix_ticket_transfers_to", "select id from tickets.ticket_transfers where tenant_id = @tenant and to_user_id = @id order by created_at desc limit 50"),
        new("ticket_transfers", "status", "ix_ticket_transfers_status", "select id from tickets.ticket_transfers where tenant_id = @tenant and status = 'declined' limit 50"),
        new("ticket_transfers", "ticket_id, status", "ix_ticket_transfers_ticket", "select id from tickets.ticket_transfers where tenant_id = @tenant and ticket_id = @id and status = 'accepted'"),
        new("ticket_transfers", "created_at", "ix_ticket_transfers_status", "select id from tickets.ticket_transfers where tenant_id = @tenant and status = 'accepted' and created_at >= @at order by created_at"),

        new("ticket_validations", "ticket_id", "ix_ticket_validations_ticket", "select result, reason from tickets.ticket_validations where tenant_id = @tenant and ticket_id = @id"),
        new("ticket_validations", "validated_by", "ix_ticket_validations_staff", "select id from tickets.ticket_validations where tenant_id = @tenant and validated_by = @id order by scanned_at desc limit 50"),
        new("ticket_validations", "validated_at", "ix_ticket_validations_age", "select count(*) from tickets.ticket_validations where received_at >= @at"),
        new("ticket_validations", "ticket_id, validated_at", "ix_ticket_validations_ticket", "select result from tickets.ticket_validations where tenant_id = @tenant and ticket_id = @id order by scanned_at desc limit 1"),

        new("orders", "user_id", "ix_orders_user", "select id from tickets.orders where tenant_id = @tenant and user_id = @id order by created_at desc limit 50"),
        new("orders", "status", "ix_orders_pending", "select count(*) from tickets.orders where status = 'payment_pending'"),
        new("orders", "user_id, status", "ix_orders_user", "select id from tickets.orders where tenant_id = @tenant and user_id = @id and status = 'paid'"),
        new("orders", "tenant_id", "orders_pkey", "select id, status from tickets.orders where tenant_id = @tenant and id > @id order by id limit 50"),
        new("orders", "tenant_id, user_id", "ix_orders_user", "select count(*) from tickets.orders where tenant_id = @tenant and user_id = @id"),
        new("orders", "payment_reference", "ix_orders_payment_reference", "select id from tickets.orders where tenant_id = @tenant and payment_reference = 'none'"),
        new("orders", "created_at", "ix_orders_event", "select id from tickets.orders where tenant_id = @tenant and event_id = @id and created_at >= @at order by created_at"),
        new("orders", "updated_at", "ix_orders_updated", "select count(*) from tickets.orders where updated_at >= @at"),
        new("orders", "created_at, status", "ix_orders_pending", "select tenant_id, id from tickets.orders where status = 'payment_pending' and created_at < @at order by created_at limit 100"),
    ];
}
