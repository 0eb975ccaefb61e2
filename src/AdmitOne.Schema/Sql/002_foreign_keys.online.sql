-- no transaction
-- leaves out: everything
-- Added in one transaction, the keys held every table for as long as all rows took to be looked at. Here each key is added without looking, which takes a
-- moment, and then validated beside whoever sells. Under FORCE the owner sees no rows, and would find orphans valid: a policy shows them until it is done.
set lock_timeout = '2s';

do $$
declare
    k record;
    t text;
    own_column text;
    orphans text;
begin
    create temporary table if not exists planned_keys (position serial, name text, child text, columns text, parent text, parent_columns text, on_delete text);
    truncate planned_keys;
    insert into planned_keys (name, child, columns, parent, parent_columns, on_delete) values
        -- The thirteen that the production checklist counts.
        ('ticket_types_event_id_fkey', 'tickets.ticket_types', 'tenant_id, event_id', 'events.events', 'tenant_id, id', 'cascade'),
        ('ticket_types_tenant_id_fkey', 'tickets.ticket_types', 'tenant_id', 'platform.tenants', 'id', 'cascade'),
        ('reservations_ticket_type_id_fkey', 'tickets.reservations', 'tenant_id, ticket_type_id', 'tickets.ticket_types', 'tenant_id, id', 'restrict'),
        ('reservations_user_id_fkey', 'tickets.reservations', 'tenant_id, user_id', 'platform.users', 'tenant_id, id', 'cascade'),
        ('reservations_tenant_id_fkey', 'tickets.reservations', 'tenant_id', 'platform.tenants', 'id', 'cascade'),
        ('tickets_ticket_type_id_fkey', 'tickets.tickets', 'tenant_id, ticket_type_id', 'tickets.ticket_types', 'tenant_id, id', 'restrict'),
        ('tickets_user_id_fkey', 'tickets.tickets', 'tenant_id, user_id', 'platform.users', 'tenant_id, id', 'set null (user_id)'),
        ('tickets_reservation_id_fkey', 'tickets.tickets', 'tenant_id, reservation_id', 'tickets.reservations', 'tenant_id, id', 'set null (reservation_id)'),
        ('tickets_tenant_id_fkey', 'tickets.tickets', 'tenant_id', 'platform.tenants', 'id', 'cascade'),
        ('ticket_validations_ticket_id_fkey', 'tickets.ticket_validations', 'tenant_id, ticket_id', 'tickets.tickets', 'tenant_id, id', 'cascade'),
        ('ticket_validations_validated_by_fkey', 'tickets.ticket_validations', 'tenant_id, validated_by', 'platform.users', 'tenant_id, id', 'set null (validated_by)'),
        ('orders_user_id_fkey', 'tickets.orders', 'tenant_id, user_id', 'platform.users', 'tenant_id, id', 'set null (user_id)'),
        ('orders_tenant_id_fkey', 'tickets.orders', 'tenant_id', 'platform.tenants', 'id', 'cascade'),
        -- A transfer's three.
        ('ticket_transfers_ticket_id_fkey', 'tickets.ticket_transfers', 'tenant_id, ticket_id', 'tickets.tickets', 'tenant_id, id', 'cascade'),
        ('ticket_transfers_from_user_id_fkey', 'tickets.ticket_transfers', 'tenant_id, from_user_id', 'platform.users', 'tenant_id, id', 'set null (from_user_id)'),
        ('ticket_transfers_to_user_id_fkey', 'tickets.ticket_transfers', 'tenant_id, to_user_id', 'platform.users', 'tenant_id, id', 'set null (to_user_id)'),
        -- What the other tables need.
        ('users_tenant_id_fkey', 'platform.users', 'tenant_id', 'platform.tenants', 'id', 'cascade'),
        ('idempotency_keys_tenant_id_fkey', 'platform.idempotency_keys', 'tenant_id', 'platform.tenants', 'id', 'cascade'),
        ('outbox_tenant_id_fkey', 'platform.outbox', 'tenant_id', 'platform.tenants', 'id', 'cascade'),
        ('categories_tenant_id_fkey', 'events.categories', 'tenant_id', 'platform.tenants', 'id', 'cascade'),
        ('events_tenant_id_fkey', 'events.events', 'tenant_id', 'platform.tenants', 'id', 'cascade'),
        ('event_transitions_event_id_fkey', 'events.event_transitions', 'tenant_id, event_id', 'events.events', 'tenant_id, id', 'cascade'),
        ('sections_event_id_fkey', 'events.sections', 'tenant_id, event_id', 'events.events', 'tenant_id, id', 'cascade'),
        ('section_stock_section_id_fkey', 'tickets.section_stock', 'tenant_id, section_id', 'events.sections', 'tenant_id, id', 'cascade'),
        ('stock_ticket_type_id_fkey', 'tickets.stock', 'tenant_id, ticket_type_id', 'tickets.ticket_types', 'tenant_id, id', 'cascade'),
        ('stock_section_id_fkey', 'tickets.stock', 'tenant_id, section_id', 'tickets.section_stock', 'tenant_id, section_id', 'no action'),
        ('payments_order_id_fkey', 'tickets.payments', 'tenant_id, order_id', 'tickets.orders', 'tenant_id, id', 'cascade'),
        ('refunds_order_id_fkey', 'tickets.refunds', 'tenant_id, order_id', 'tickets.orders', 'tenant_id, id', 'cascade'),
        ('refunds_payment_id_fkey', 'tickets.refunds', 'tenant_id, payment_id', 'tickets.payments', 'tenant_id, id', 'cascade'),
        ('ticket_codes_ticket_id_fkey', 'tickets.ticket_codes', 'tenant_id, ticket_id', 'tickets.tickets', 'tenant_id, id', 'cascade'),
        ('admissions_ticket_id_fkey', 'tickets.admissions', 'tenant_id, ticket_id', 'tickets.tickets', 'tenant_id, id', 'cascade');
    commit;

    for t in select child from planned_keys union select parent from planned_keys order by 1 loop
        if not exists (select from pg_policy where polrelid = t::regclass and polname = 'keys') then
            execute format('create policy keys on %s to admitone_owner using (true) with check (true)', t);
        end if;
        commit;
    end loop;

    -- Looked for first, so that nothing has been changed where there are any.
    for k in select * from planned_keys order by position loop
        own_column := trim(split_part(k.columns, ',', -1));
        execute format(
            'select string_agg(%1$I::text, '', '') from (select c.%1$I from %2$s c where c.%1$I is not null
               and not exists (select 1 from %3$s p where (p.%4$s) = (c.%5$s)) limit 10) orphaned',
            own_column, k.child, k.parent, replace(k.parent_columns, ', ', ', p.'), replace(k.columns, ', ', ', c.')) into orphans;
        if orphans is not null then
            for t in select child from planned_keys union select parent from planned_keys order by 1 loop
                execute format('drop policy if exists keys on %s', t);
                commit;
            end loop;
            raise exception 'cannot add %: % has rows whose % names nothing in %: %', k.name, k.child, own_column, k.parent, orphans
                using errcode = 'foreign_key_violation', hint = 'Nothing was changed. Mend or remove these rows, then migrate again.';
        end if;
        commit;
    end loop;

    for k in select * from planned_keys order by position loop
        if not exists (select from pg_constraint where conrelid = k.child::regclass and conname = k.name) then
            -- Whoever sells comes to what a key names before the table that has the key; coming the other way round, each would wait for the other.
            execute format('lock table %s in share row exclusive mode', k.parent);
            execute format('alter table %s add constraint %I foreign key (%s) references %s (%s) on delete %s not valid',
                k.child, k.name, k.columns, k.parent, k.parent_columns, k.on_delete);
        end if;
        commit;
        execute format('alter table %s validate constraint %I', k.child, k.name);
        commit;
    end loop;

    for t in select child from planned_keys union select parent from planned_keys order by 1 loop
        execute format('drop policy if exists keys on %s', t);
        commit;
    end loop;
    drop table planned_keys;
end
$$;

reset lock_timeout;
