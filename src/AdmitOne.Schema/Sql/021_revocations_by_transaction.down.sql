set local lock_timeout = '2s';

drop function platform.revocations_since(text);
alter table platform.revoked_tokens drop column revoked_in;
comment on table platform.revoked_tokens is 'What Redis lists for the replicas, kept until the token would have expired anyway.';
