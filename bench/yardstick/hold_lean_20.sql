-- One hold as it is written at first, of one of twenty types: take one where there is one, and say who has it.
\set user random(1, 20000)
\set type random(1, 20)
begin;
update types set available = available - 1 where id = :type and available >= 1;
insert into holds (type_id, user_id, quantity, expires_at) values (:type, :user, 1, now() + interval '10 minutes');
commit;
