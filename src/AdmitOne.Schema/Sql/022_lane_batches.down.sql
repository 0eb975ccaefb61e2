set local lock_timeout = '2s';

drop function tickets.sweep_lane_batches(integer);
drop table tickets.lane_batches;
