-- What the migrations of this folder make, without their ledger: the schema that "hoplite migrate check"
-- and a test compare a database with. Written by: npx vitest run test/storage/declared-schema.test.ts -u

CREATE TABLE domains (
  -- Hosts whose paths are slugs.
  id INTEGER PRIMARY KEY, -- 1 is the default domain, that of BASE_URL
  host TEXT NOT NULL UNIQUE, -- as in a URL, with its port when that is not the scheme's own
  slug_case TEXT NOT NULL CHECK (slug_case IN ('insensitive', 'sensitive')),
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE links (
  -- What joins a slug to a destination.
  id INTEGER PRIMARY KEY AUTOINCREMENT, -- given by the domain; sqlite_sequence keeps the highest ever
  domain_id INTEGER NOT NULL REFERENCES domains (id),
  slug TEXT NOT NULL, -- as its creator wrote it
  slug_key TEXT NOT NULL, -- folded as the domain's slug_case says: what is looked up
  destination TEXT NOT NULL, -- serialised by the URL parser
  title TEXT,
  redirect_code INTEGER NOT NULL CHECK (redirect_code IN (301, 302, 307, 308)),
  forward_query INTEGER NOT NULL CHECK (forward_query IN (0, 1)),
  not_before INTEGER,
  expires_at INTEGER,
  disabled INTEGER NOT NULL CHECK (disabled IN (0, 1)), -- by its owner: 410
  blocked INTEGER NOT NULL CHECK (blocked IN (0, 1)), -- by the operator: 451
  version INTEGER NOT NULL, -- starts at 1, raised by each update
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (domain_id, slug_key) -- also the order of lists by slug
) STRICT;

CREATE INDEX links_by_created_at ON links (domain_id, created_at);

CREATE INDEX links_by_updated_at ON links (domain_id, updated_at);

CREATE TABLE changes (
  -- The last 10,000 writes to links, from which every node repairs its memory of them.
  revision INTEGER PRIMARY KEY AUTOINCREMENT, -- without gaps, so a reader sees how far the log reaches back
  domain_id INTEGER NOT NULL,
  slug_key TEXT NOT NULL
) STRICT;

CREATE TABLE epochs (
  -- One row for each time a node became primary.
  epoch INTEGER PRIMARY KEY, -- 1, 2, 3, …
  node TEXT NOT NULL,
  started_at INTEGER NOT NULL
) STRICT;

CREATE TABLE api_keys (
  -- Keys of the API, without their secrets.
  id INTEGER PRIMARY KEY AUTOINCREMENT, -- never used again: sessions and idempotency scopes name it
  name TEXT NOT NULL,
  prefix TEXT NOT NULL UNIQUE, -- public first part of the key
  secret_hash TEXT NOT NULL, -- SHA-256 of the whole key, hex
  created_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT;

CREATE TABLE idempotency_keys (
  -- What an Idempotency-Key remembers for 24 hours.
  scope TEXT NOT NULL, -- whose key it is
  key TEXT NOT NULL,
  request_hash TEXT NOT NULL, -- SHA-256 of the request in canonical form, hex
  link_id INTEGER NOT NULL, -- no foreign key: the record outlives its link
  created_at INTEGER NOT NULL, outcomes TEXT,
  PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_keys_by_created_at ON idempotency_keys (created_at);
