-- One scan as it is written at first: admit the ticket if nobody has, and write the attempt down. Few tickets are drawn twice; for one that is,
-- the update finds nothing to do, which saves this yardstick its work.
\set ticket random(1, 2000000)
\set staff random(1, 32)
begin;
update admitted set admitted_at = now() where id = :ticket and admitted_at is null;
insert into scans (ticket_id, gate, staff, result) values (:ticket, 'Gate ' || :staff, :staff, 'admitted');
commit;
