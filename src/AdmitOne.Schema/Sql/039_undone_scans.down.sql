set local lock_timeout = '2s';

-- What the version before knows best: an attempt by which nobody came in.
alter table tickets.ticket_validations
    drop constraint ticket_validations_undone_says_why,
    drop constraint ticket_validations_result_known;
alter table tickets.ticket_validations no force row level security;
update tickets.ticket_validations set result = 'refused' where result = 'undone';
alter table tickets.ticket_validations force row level security;
alter table tickets.ticket_validations
    add constraint ticket_validations_result_known check (result in ('admitted', 'refused', 'conflict')) not valid,
    drop column undone_at, drop column undo_reason;
