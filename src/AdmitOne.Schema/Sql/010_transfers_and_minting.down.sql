-- Offers, acceptances and what the tickets say of their tokens stay; jobs and transaction ids go, as nobody is left who would know them.
set local lock_timeout = '2s';

drop trigger tickets_end_offers on tickets.tickets;
drop function tickets.end_offer_of_dead_ticket();

drop function tickets.tenant_of_mint_job(uuid);
drop function tickets.tenants_with_mint_jobs_due(integer);
drop function tickets.expired_transfers(integer);
drop table tickets.mint_jobs;
alter table tickets.tickets drop column nft_transaction_id;

drop policy worker on tickets.ticket_transfers;
revoke select (tenant_id, id, status, expires_at) on tickets.ticket_transfers from admitone_worker;
drop index tickets.ix_ticket_transfers_offered_expiry;
drop index tickets.ix_ticket_transfers_recipient;
alter table tickets.ticket_transfers
    drop constraint ticket_transfers_accepted_by_somebody_else,
    drop constraint ticket_transfers_closed_has_time,
    drop column closed_because;
