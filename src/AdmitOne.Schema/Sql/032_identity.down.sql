set local lock_timeout = '2s';

set local role admitone_worker;
drop function platform.describe_tenant(uuid, text, text, text, text, text, text);
revoke execute on function platform.organizers(uuid[], text), platform.revocations_since(text), platform.make_tenant(uuid, text, text, numeric), platform.tenant_of(uuid)
    from admitone_identity;
set local role admitone_owner;
revoke select (legal_name, postal_address, tax_number, currency, language, logo_url), update (legal_name, postal_address, tax_number, currency, language, logo_url)
    on platform.tenants from admitone_worker;
alter table platform.tenants
    drop column legal_name, drop column postal_address, drop column tax_number, drop column currency, drop column language, drop column logo_url;

revoke select on platform.schema_migrations from admitone_identity;
revoke select on platform.tenants from admitone_identity;
revoke select, insert (tenant_id, id, email, name), update (email, name, updated_at) on platform.users from admitone_identity;
revoke select, insert, update, delete on platform.idempotency_keys from admitone_identity;
revoke select, insert on platform.audit_log from admitone_identity;
revoke select, insert, update, delete on platform.revoked_tokens from admitone_identity;
revoke usage on schema platform from admitone_identity;

drop table identity.programs, identity.oidc_tokens, identity.oidc_scopes, identity.oidc_authorizations, identity.oidc_applications,
    identity.signing_keys, identity.issued_tokens, identity.sessions, identity.failures, identity.outgoing, identity.mail_codes, identity.invitations,
    identity.memberships, identity.person_passkeys, identity.person_tokens, identity.person_logins, identity.person_claims, identity.people;
drop schema identity;
