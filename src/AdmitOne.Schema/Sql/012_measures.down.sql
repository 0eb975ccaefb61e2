set local lock_timeout = '2s';

drop function events.count_by_status();
drop function tickets.count_held();
drop function tickets.events_to_recount();
