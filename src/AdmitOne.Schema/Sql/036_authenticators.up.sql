-- Authenticator apps (TOTP), their recovery codes, and the step of a sign-in that asks for a code.
set local lock_timeout = '2s';

create table identity.authenticators (
    person_id    uuid        not null constraint authenticators_pkey primary key
                             constraint authenticators_person_id_fkey references identity.people (id) on delete cascade,
    secret       text        not null,
    last_step    bigint      not null default 0,
    created_at   timestamptz not null default clock_timestamp(),
    confirmed_at timestamptz
);
comment on table identity.authenticators is 'Authenticator apps. Sign-in asks for a code from the moment that a first code confirmed the app.';
comment on column identity.authenticators.secret is 'Encrypted by the service.';
comment on column identity.authenticators.last_step is 'The half minute whose code was used last: its code and older ones are refused.';

create table identity.recovery_codes (
    person_id uuid        not null constraint recovery_codes_person_id_fkey references identity.authenticators (person_id) on delete cascade,
    code_hash bytea       not null,
    used_at   timestamptz,
    constraint recovery_codes_pkey primary key (person_id, code_hash)
);
comment on table identity.recovery_codes is 'What signs in without the authenticator app, each once: digests only.';

alter table identity.challenges drop constraint challenges_kind_known;
alter table identity.challenges add constraint challenges_kind_known check (kind in ('new_passkey', 'passkey', 'second_factor'));

do $$
declare
    t text;
begin
    foreach t in array array['identity.authenticators', 'identity.recovery_codes']
    loop
        execute format('create policy service on %s to admitone_identity using (true) with check (true)', t);
        execute format('create policy owner on %s to admitone_owner using (true) with check (true)', t);
        execute format('create policy audit on %s for select to admitone_audit using (true)', t);
        execute format('alter table %s enable row level security', t);
        execute format('alter table %s force row level security', t);
        execute format('grant select on %s to admitone_audit', t);
        execute format('grant select, insert, update, delete on %s to admitone_identity', t);
    end loop;
end
$$;
