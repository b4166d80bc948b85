-- What the migrations of this folder make, without their ledger: the schema that "hoplite migrate check"
-- and a test compare a database with. Written by: npx vitest run test/storage/declared-schema.test.ts -u

CREATE TABLE click_totals (
  -- All clicks of a link since it was made; those of a deleted link remain.
  id INTEGER PRIMARY KEY, -- what stands for the link in other tables, because ids of links take 8 bytes
  link_id INTEGER NOT NULL UNIQUE, -- 0 for all links of the default domain together
  clicks INTEGER NOT NULL,
  bots INTEGER NOT NULL,
  visitors INTEGER NOT NULL,
  undated INTEGER NOT NULL -- how many of the clicks and bots are in no hour
) STRICT;

CREATE TABLE click_values (
  -- Every value that clicks were counted by.
  id INTEGER PRIMARY KEY, -- what stands for the value in other tables
  value TEXT NOT NULL UNIQUE -- empty where it is not known
) STRICT;

CREATE TABLE click_hours (
  -- A link in an hour, from click_folds.kept_from on.
  hour INTEGER NOT NULL,
  total_id INTEGER NOT NULL, -- of click_totals; no foreign key, which would be looked up with each click
  clicks INTEGER NOT NULL,
  bots INTEGER NOT NULL,
  visitors INTEGER NOT NULL,
  PRIMARY KEY (hour, total_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE click_days (
  -- A link in a day, whether its hours are kept or not.
  day INTEGER NOT NULL,
  total_id INTEGER NOT NULL,
  clicks INTEGER NOT NULL,
  bots INTEGER NOT NULL,
  visitors INTEGER NOT NULL,
  PRIMARY KEY (day, total_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE click_value_hours (
  -- A link in an hour by the values of a dimension; before click_folds.kept_from only what is still to be folded.
  hour INTEGER NOT NULL,
  total_id INTEGER NOT NULL,
  dimension INTEGER NOT NULL, -- 1 region, 2 country, 3 referrer, 4 browser, 5 os, 6 device
  value_id INTEGER NOT NULL, -- of click_values
  clicks INTEGER NOT NULL,
  bots INTEGER NOT NULL,
  visitors INTEGER NOT NULL,
  PRIMARY KEY (hour, total_id, dimension, value_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE click_value_days (
  -- The same by the day, of the hours that were folded.
  day INTEGER NOT NULL,
  total_id INTEGER NOT NULL,
  dimension INTEGER NOT NULL,
  value_id INTEGER NOT NULL,
  clicks INTEGER NOT NULL,
  bots INTEGER NOT NULL,
  visitors INTEGER NOT NULL,
  PRIMARY KEY (day, total_id, dimension, value_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE click_folds (
  -- How far hours are folded into days: one row, or none before the first time.
  id INTEGER PRIMARY KEY CHECK (id = 1),
  kept_from INTEGER NOT NULL -- clicks of earlier hours are counted by the day; the first hour of a day
) STRICT;

CREATE TABLE producers (
  -- How far each producer's batches are counted: its cursor.
  producer TEXT PRIMARY KEY, -- 32 hex digits
  seq INTEGER NOT NULL, -- the newest batch of which anything is counted, or that was declared lost
  merged INTEGER NOT NULL, -- clicks of that batch that are counted
  hash TEXT NOT NULL, -- SHA-256 of its frames as far as they are counted, hex
  is_complete INTEGER NOT NULL CHECK (is_complete IN (0, 1)), -- whether all of that batch is counted
  clicks INTEGER NOT NULL, -- all of the producer up to there, the lost ones with them
  lost INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE producer_batches (
  -- The last 100 batches of each producer, to tell a repeated one from another of the same number.
  producer TEXT NOT NULL,
  seq INTEGER NOT NULL,
  hash TEXT NOT NULL, -- SHA-256 of all its frames, hex
  PRIMARY KEY (producer, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE orphan_hours (
  -- Hits on slugs that no link has.
  domain_id INTEGER NOT NULL, -- of domains in links.db
  hour INTEGER NOT NULL,
  hits INTEGER NOT NULL,
  PRIMARY KEY (domain_id, hour)
) STRICT, WITHOUT ROWID;

CREATE TABLE orphan_slugs (
  -- Some of those slugs: at most 1,000 of a domain, the latest.
  domain_id INTEGER NOT NULL,
  slug TEXT NOT NULL,
  hits INTEGER NOT NULL,
  last_hour INTEGER NOT NULL,
  PRIMARY KEY (domain_id, slug)
) STRICT, WITHOUT ROWID;

CREATE INDEX orphan_slugs_by_last_hour ON orphan_slugs (domain_id, last_hour, hits);
