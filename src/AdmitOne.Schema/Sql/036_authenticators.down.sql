set local lock_timeout = '2s';

delete from identity.challenges where kind = 'second_factor';
alter table identity.challenges drop constraint challenges_kind_known;
alter table identity.challenges add constraint challenges_kind_known check (kind in ('new_passkey', 'passkey'));

drop table identity.recovery_codes, identity.authenticators;
update identity.people set two_factor_enabled = false where two_factor_enabled;
