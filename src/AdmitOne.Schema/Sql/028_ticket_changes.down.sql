set local lock_timeout = '2s';
drop view events.status_changes;

alter table tickets.scan_conflicts no force row level security;
delete from tickets.scan_conflicts where first_id is null;
alter table tickets.scan_conflicts force row level security;
alter table tickets.scan_conflicts alter column first_id set not null;
comment on column tickets.scan_conflicts.first_id is null;

comment on column tickets.offline_scans.device_id is 'All zeros for a scanner that is not registered.';
alter table tickets.offline_scans drop column code_hash;

drop trigger tickets_keep_changes on tickets.tickets;
drop function tickets.keep_ticket_change();
drop table tickets.ticket_changes;
