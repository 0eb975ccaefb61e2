-- A scan that was undone stays, and counts no more. Who undid it is in the audit log.
set local lock_timeout = '2s';

alter table tickets.ticket_validations
    add column undone_at timestamptz, add column undo_reason text,
    drop constraint ticket_validations_result_known,
    add constraint ticket_validations_result_known check (result in ('admitted', 'refused', 'conflict', 'undone')) not valid,
    add constraint ticket_validations_undone_says_why check ((result = 'undone') = (undone_at is not null) and (undone_at is null) = (undo_reason is null)) not valid,
    add constraint ticket_validations_undo_reason_length check (length(undo_reason) between 1 and 500) not valid;
comment on column tickets.ticket_validations.undone_at is 'When staff took the scan back; its result is undone from then on.';
comment on column tickets.ticket_validations.undo_reason is 'What they gave as the reason.';
