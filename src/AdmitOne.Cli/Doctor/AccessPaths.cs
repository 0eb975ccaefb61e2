namespace AdmitOne.Cli.Doctor;

/// <summary>One way in which rows are looked up, and the index that serves it.</summary>
/// <param name="By">The columns that the checklist names; each query carries the tenant besides.</param>
internal sealed record AccessPath(string Table, string By, string Index);

/// <summary>The 42 access paths that the Ticket Service's checklist counts. One index serves several, since every one begins with the tenant.</summary>
internal static class AccessPaths
{
    public static readonly IReadOnlyList<AccessPath> All =
    [
        new("tickets.ticket_types", "event_id", "ix_ticket_types_event"),
        new("tickets.ticket_types", "tenant_id", "ix_ticket_types_event"),
        new("tickets.ticket_types", "tenant_id, event_id", "ix_ticket_types_event"),
        new("tickets.ticket_types", "event_id, availability", "ix_ticket_types_event"),

        new("tickets.reservations", "user_id", "ix_reservations_user"),
        new("tickets.reservations", "ticket_type_id", "ix_reservations_held_by_type"),
        new("tickets.reservations", "status", "ix_reservations_held_expiry"),
        new("tickets.reservations", "status, expires_at", "ix_reservations_held_expiry"),
        new("tickets.reservations", "tenant_id", "ix_reservations_user"),
        new("tickets.reservations", "user_id, status", "ix_reservations_user"),
        new("tickets.reservations", "created_at", "ix_reservations_created"),

        new("tickets.tickets", "user_id", "ix_tickets_user"),
        new("tickets.tickets", "ticket_type_id", "ix_tickets_type"),
        new("tickets.tickets", "reservation_id", "ix_tickets_order"),           // by the order that the hold became
        new("tickets.tickets", "status", "ix_tickets_type"),
        new("tickets.tickets", "user_id, status", "ix_tickets_user"),
        new("tickets.tickets", "code", "tickets_pkey"),                          // opening a code gives the ticket's id
        new("tickets.tickets", "nft_token_id", "ix_tickets_nft"),
        new("tickets.tickets", "tenant_id", "ix_tickets_user"),
        new("tickets.tickets", "tenant_id, user_id", "ix_tickets_user"),
        new("tickets.tickets", "admitted or not", "admissions_pkey"),
        new("tickets.tickets", "created_at", "ix_tickets_created"),
        new("tickets.tickets", "admitted_at", "ix_admissions_event"),

        new("tickets.ticket_transfers", "ticket_id", "ix_ticket_transfers_ticket"),
        new("tickets.ticket_transfers", "from_user_id", "ix_ticket_transfers_from"),
        new("tickets.ticket_transfers", "to_user_id", "ix_ticket_transfers_to"),
        new("tickets.ticket_transfers", "status", "ix_ticket_transfers_status"),
        new("tickets.ticket_transfers", "ticket_id, status", "ix_ticket_transfers_ticket"),
        new("tickets.ticket_transfers", "created_at", "ix_ticket_transfers_status"),

        new("tickets.ticket_validations", "ticket_id", "ix_ticket_validations_ticket"),
        new("tickets.ticket_validations", "validated_by", "ix_ticket_validations_staff"),
        new("tickets.ticket_validations", "validated_at", "ix_ticket_validations_received"),
        new("tickets.ticket_validations", "ticket_id, validated_at", "ix_ticket_validations_ticket"),

        new("tickets.orders", "user_id", "ix_orders_user"),
        new("tickets.orders", "status", "ix_orders_pending"),
        new("tickets.orders", "user_id, status", "ix_orders_user"),
        new("tickets.orders", "tenant_id", "ix_orders_user"),
        new("tickets.orders", "tenant_id, user_id", "ix_orders_user"),
        new("tickets.orders", "payment_reference", "ix_orders_payment_reference"),
        new("tickets.orders", "created_at", "ix_orders_event"),
        new("tickets.orders", "updated_at", "ix_orders_updated"),
        new("tickets.orders", "created_at, status", "ix_orders_pending"),
    ];

    /// <summary>The 13 foreign keys that the checklist counts.</summary>
    public static readonly IReadOnlyList<string> ForeignKeys =
    [
        "ticket_types_event_id_fkey", "ticket_types_tenant_id_fkey", "reservations_ticket_type_id_fkey", "reservations_user_id_fkey", "reservations_tenant_id_fkey",
        "tickets_ticket_type_id_fkey", "tickets_user_id_fkey", "tickets_reservation_id_fkey", "tickets_tenant_id_fkey",
        "ticket_validations_ticket_id_fkey", "ticket_validations_validated_by_fkey", "orders_user_id_fkey", "orders_tenant_id_fkey",
    ];
}
