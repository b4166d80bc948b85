-- migrate:up

-- Of a request that makes many links: what became of each row that reached the database, as JSON; link_id is 0 then. NULL
-- for a request that makes one link.
ALTER TABLE idempotency_keys ADD COLUMN outcomes TEXT;

-- migrate:down

ALTER TABLE idempotency_keys DROP COLUMN outcomes;
