-- One hold as it is written at first: take one where there is one, and say who has it.
\set user random(1, 20000)
begin;
update types set available = available - 1 where id = 1 and available >= 1;
insert into holds (type_id, user_id, quantity, expires_at) values (1, :user, 1, now() + interval '10 minutes');
commit;
