set local lock_timeout = '2s';

drop function platform.count_growing_tables();
