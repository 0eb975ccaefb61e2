-- Staff search orders and tickets by number, names and addresses, or by parts of them. The indexes are built by the next migration.
set local lock_timeout = '2s';

do $$
declare
    installed text := (select n.nspname from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'pg_trgm');
begin
    if installed <> 'public' then
        raise exception using message = format('the extension pg_trgm is in schema %s', installed), hint = 'Move it first, as its owner: alter extension pg_trgm set schema public;';
    end if;
    if installed is null then
        create extension pg_trgm with schema public;
    end if;
end
$$;

-- Without a search path of its own, so that an index and the condition that asks it are inlined alike. ASCII, which most of it is, needs no folding.
create function platform.search_text(p_text text) returns text
    language sql immutable parallel safe
    return case when octet_length(p_text) = length(p_text) then lower(p_text collate "C") else events.fold(p_text) end;
comment on function platform.search_text is 'Letters as a search for people compares them: without marks, in lower case.';

create function platform.search_patterns(p_words text[]) returns text[]
    language sql immutable parallel safe set search_path = pg_catalog, pg_temp as
$$ select array_agg('%' || regexp_replace(platform.search_text(word), '([\\%_])', '\\\1', 'g') || '%' order by number) from unnest(p_words) with ordinality w (word, number) $$;
comment on function platform.search_patterns is 'For each word the pattern of a text that contains it.';

create policy worker on platform.users for select to admitone_worker using (true);
grant select (tenant_id, id, email, name) on platform.users to admitone_worker;
grant select (tenant_id, id, order_number, event_id, user_id, status, created_at, contact_email, buyer_name) on tickets.orders to admitone_worker;
grant select (tenant_id, id, event_id, order_id, user_id, status, attendee_name, attendee_email) on tickets.tickets to admitone_worker;

grant create on schema tickets to admitone_worker;
set local role admitone_worker;

-- The server keeps no statistics for who may read some columns only, so the functions choose the way: what many texts contain is among the newest,
-- what is rare is found by the indexes. Each statement is made for what was asked, as a condition without a value would hide the index.
create function tickets.search_orders(p_words text[], p_user_id uuid, p_event_id uuid, p_status text, p_before timestamptz, p_before_id uuid, p_limit integer)
    returns table (id uuid)
    language plpgsql stable rows 50 security definer set search_path = pg_catalog, pg_temp set enable_hashjoin = off set enable_mergejoin = off as
$$
declare
    tenant   constant uuid := nullif(current_setting('app.tenant_id', true), '')::uuid;
    patterns constant text[] := platform.search_patterns(p_words);
    chosen   constant text := 'o.tenant_id = $1' || case when p_user_id is null then '' else ' and o.user_id = $3' end || case when p_event_id is null then '' else ' and o.event_id = $4' end
        || case when p_before is null then '' else ' and (o.created_at, o.id) < ($6, $7)' end;
    in_state constant text := case when p_status is null then '' else ' and o.status = $5' end;
    newest   constant text := ' order by o.created_at desc, o.id desc limit $8';
    ordered  text;
    attended text;
    known    text;
    found    uuid[];
begin
    select string_agg(format($c$platform.search_text(o.order_number || ' ' || coalesce(o.buyer_name, '') || ' ' || coalesce(o.contact_email, '')) like $2[%s]$c$, n), ' and '),
           '(t.attendee_name is not null or t.attendee_email is not null) and '
               || string_agg(format($c$platform.search_text(coalesce(t.attendee_name, '') || ' ' || coalesce(t.attendee_email, '')) like $2[%s]$c$, n), ' and '),
           string_agg(format($c$platform.search_text(coalesce(u.name, '') || ' ' || coalesce(u.email, '')) like $2[%s]$c$, n), ' and ')
      into ordered, attended, known from generate_subscripts(p_words, 1) n;

    -- Of one owner all, else the newest thousand. A subquery that gives one value is looked up for each row; an `exists` may be planned to find all that match first.
    execute 'select array(select o.id from (select o.tenant_id, o.id, o.order_number, o.user_id, o.status, o.created_at, o.buyer_name, o.contact_email from tickets.orders o where ' || chosen || case when p_user_id is null then ' order by o.created_at desc, o.id desc limit 1000' else '' end || ') o
         where (' || ordered || ' or (select t.id from tickets.tickets t where t.tenant_id = o.tenant_id and t.order_id = o.id and ' || attended || ' limit 1) is not null
            or (select u.id from platform.users u where u.tenant_id = o.tenant_id and u.id = o.user_id and ' || known || ') is not null
            or ($3 is null and (select t.id from tickets.tickets t join platform.users u on u.tenant_id = t.tenant_id and u.id = t.user_id
                                 where t.tenant_id = o.tenant_id and t.order_id = o.id and ' || known || ' limit 1) is not null))' || in_state || newest || ')'
        into found using tenant, patterns, p_user_id, p_event_id, p_status, p_before, p_before_id, p_limit;
    if p_user_id is null and cardinality(found) < p_limit then
        execute '
            with people as materialized (select u.id from platform.users u where u.tenant_id = $1 and ' || known || '),
            found as materialized (
                select o.id from tickets.orders o where o.tenant_id = $1 and ' || ordered || '
                union select t.order_id from tickets.tickets t where t.tenant_id = $1 and ' || attended || '
                union select o.id from people p join tickets.orders o on o.tenant_id = $1 and o.user_id = p.id
                union select t.order_id from people p join tickets.tickets t on t.tenant_id = $1 and t.user_id = p.id)
            select array(select o.id from found f join tickets.orders o on o.id = f.id where ' || chosen || in_state || newest || ')'
            into found using tenant, patterns, p_user_id, p_event_id, p_status, p_before, p_before_id, p_limit;
    end if;
    return query select unnest(found);
end
$$;

create function tickets.search_tickets(
    p_words text[], p_user_id uuid, p_event_id uuid, p_order_id uuid, p_status text, p_admitted boolean, p_before_id uuid, p_limit integer)
    returns table (id uuid)
    language plpgsql stable rows 50 security definer set search_path = pg_catalog, pg_temp set enable_hashjoin = off set enable_mergejoin = off as
$$
declare
    tenant   constant uuid := nullif(current_setting('app.tenant_id', true), '')::uuid;
    patterns constant text[] := platform.search_patterns(p_words);
    chosen   constant text := 't.tenant_id = $1' || case when p_user_id is null then '' else ' and t.user_id = $3' end || case when p_event_id is null then '' else ' and t.event_id = $4' end
        || case when p_order_id is null then '' else ' and t.order_id = $5' end || case when p_before_id is null then '' else ' and t.id < $7' end;
    in_state constant text := case when p_status is null then '' else ' and t.status = $6' end || case when p_admitted is null then '' else format(
        ' and (select a.ticket_id from tickets.admissions a where a.tenant_id = t.tenant_id and a.ticket_id = t.id) is %s null', case when p_admitted then 'not' else '' end) end;
    newest   constant text := ' order by t.id desc limit $8';
    ordered  text;
    attended text;
    known    text;
    found    uuid[];
begin
    select string_agg(format($c$platform.search_text(o.order_number || ' ' || coalesce(o.buyer_name, '') || ' ' || coalesce(o.contact_email, '')) like $2[%s]$c$, n), ' and '),
           '(t.attendee_name is not null or t.attendee_email is not null) and '
               || string_agg(format($c$platform.search_text(coalesce(t.attendee_name, '') || ' ' || coalesce(t.attendee_email, '')) like $2[%s]$c$, n), ' and '),
           string_agg(format($c$platform.search_text(coalesce(u.name, '') || ' ' || coalesce(u.email, '')) like $2[%s]$c$, n), ' and ')
      into ordered, attended, known from generate_subscripts(p_words, 1) n;

    -- Of one holder all, else the newest thousand. A holder does not find what they were given by its buyer's address.
    execute 'select array(select t.id from (select t.tenant_id, t.id, t.order_id, t.user_id, t.status, t.attendee_name, t.attendee_email from tickets.tickets t where ' || chosen || case when p_user_id is null then ' order by t.id desc limit 1000' else '' end || ') t
         where (' || attended || ' or (select o.id from tickets.orders o where o.tenant_id = t.tenant_id and o.id = t.order_id and ($3 is null or o.user_id = $3) and ' || ordered || ') is not null
            or (select u.id from platform.users u where u.tenant_id = t.tenant_id and u.id = t.user_id and ' || known || ') is not null)' || in_state || newest || ')'
        into found using tenant, patterns, p_user_id, p_event_id, p_order_id, p_status, p_before_id, p_limit;
    if p_user_id is null and cardinality(found) < p_limit then
        execute '
            with people as materialized (select u.id from platform.users u where u.tenant_id = $1 and ' || known || '),
            ordered as materialized (select o.id from tickets.orders o where o.tenant_id = $1 and ' || ordered || '),
            found as materialized (
                select t.id from tickets.tickets t where t.tenant_id = $1 and ' || attended || '
                union select t.id from ordered o join tickets.tickets t on t.tenant_id = $1 and t.order_id = o.id
                union select t.id from people p join tickets.tickets t on t.tenant_id = $1 and t.user_id = p.id)
            select array(select t.id from found f join tickets.tickets t on t.id = f.id where ' || chosen || in_state || newest || ')'
            into found using tenant, patterns, p_user_id, p_event_id, p_order_id, p_status, p_before_id, p_limit;
    end if;
    return query select unnest(found);
end
$$;

revoke all on function tickets.search_orders(text[], uuid, uuid, text, timestamptz, uuid, integer), tickets.search_tickets(text[], uuid, uuid, uuid, text, boolean, uuid, integer) from public;
grant execute on function tickets.search_orders(text[], uuid, uuid, text, timestamptz, uuid, integer), tickets.search_tickets(text[], uuid, uuid, uuid, text, boolean, uuid, integer) to admitone_tickets;
comment on function tickets.search_orders is 'Orders of app.tenant_id, newest first, whose number, buyer, address, attendees or holders contain each word; of the owner p_user_id, or with null of all.';
comment on function tickets.search_tickets is 'Tickets of app.tenant_id, newest first, whose attendee, holder, order number, buyer or address contain each word; of the owner p_user_id, or with null of all.';
set local role admitone_owner;
revoke create on schema tickets from admitone_worker;
