set local lock_timeout = '2s';
drop function tickets.tenant_of_device(uuid);
drop function tickets.device_of_activation(bytea);

alter table tickets.ticket_validations no force row level security;
update tickets.ticket_validations set result = 'refused' where result = 'conflict';
alter table tickets.ticket_validations force row level security;
alter table tickets.ticket_validations drop constraint ticket_validations_result_known;
alter table tickets.ticket_validations add constraint ticket_validations_result_known check (result in ('admitted', 'refused')) not valid;
alter table tickets.admissions drop column gate, drop column last_step;

drop table tickets.unreadable_scans;
drop table tickets.scan_conflicts;
drop table tickets.offline_scans;
drop table tickets.devices;
