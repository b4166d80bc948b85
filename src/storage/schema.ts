import type { Generated } from 'kysely';

/** The tables of `links.db` as rows; `migrations/links` is their source and says what each column means. */
export interface Schema {
  domains: DomainsTable;
  links: LinksTable;
  changes: ChangesTable;
  epochs: EpochsTable;
  api_keys: ApiKeysTable;
  idempotency_keys: IdempotencyKeysTable;
  sqlite_sequence: SqliteSequenceTable;
}

/** Hosts whose paths are slugs. */
export interface DomainsTable {
  id: number;
  host: string;
  slug_case: string;
  created_at: number;
}

/** Links; booleans are 0 and 1. */
export interface LinksTable {
  id: number;
  domain_id: number;
  slug: string;
  slug_key: string;
  destination: string;
  title: string | null;
  redirect_code: number;
  forward_query: number;
  not_before: number | null;
  expires_at: number | null;
  disabled: number;
  blocked: number;
  version: number;
  created_at: number;
  updated_at: number;
}

/** The last writes to links. */
export interface ChangesTable {
  revision: Generated<number>;
  domain_id: number;
  slug_key: string;
}

/** One row for each time a node became primary. */
export interface EpochsTable {
  epoch: number;
  node: string;
  started_at: number;
}

/** Keys of the API. */
export interface ApiKeysTable {
  id: Generated<number>;
  name: string;
  prefix: string;
  secret_hash: string;
  created_at: number;
  revoked_at: number | null;
}

/** What an `Idempotency-Key` remembers. */
export interface IdempotencyKeysTable {
  scope: string;
  key: string;
  request_hash: string;
  link_id: number;
  outcomes: string | null;
  created_at: number;
}

/** SQLite's own: the highest id that a table with AUTOINCREMENT ever had. */
export interface SqliteSequenceTable {
  name: string;
  seq: number;
}
