-- Steps of a sign-in that a browser finishes within minutes: creating a passkey, and using one.
set local lock_timeout = '2s';

create table identity.challenges (
    key_hash   bytea       not null constraint challenges_pkey primary key,
    kind       text        not null constraint challenges_kind_known check (kind in ('new_passkey', 'passkey')),
    person_id  uuid,
    state      text        not null constraint challenges_state_length check (length(state) <= 20000),
    created_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null
);
create index ix_challenges_expired on identity.challenges (expires_at);
comment on index identity.ix_challenges_expired is 'Challenges that are over.';
comment on table identity.challenges is 'Steps of a sign-in that a browser finishes within minutes. A row is removed when it is used. Only the digest of its key is stored.';
comment on column identity.challenges.person_id is 'Whose step it is, where that is known; the account may not be there yet.';

create policy service on identity.challenges to admitone_identity using (true) with check (true);
create policy owner on identity.challenges to admitone_owner using (true) with check (true);
create policy audit on identity.challenges for select to admitone_audit using (true);
alter table identity.challenges enable row level security;
alter table identity.challenges force row level security;
grant select on identity.challenges to admitone_audit;
grant select, insert, update, delete on identity.challenges to admitone_identity;
