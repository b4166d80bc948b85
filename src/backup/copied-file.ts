import type { DatabaseFacts } from '../domain/database-facts.ts';
import type { Position } from '../domain/position.ts';
import type { DatabaseManifest } from './manifest.ts';

/** A copy of a database, in DELETE mode, that nobody writes to. */
export interface CopiedFile {
  readonly file: string;
  /** When it was copied, by this machine's clock, milliseconds since 1970 UTC. */
  readonly takenAtMs: number;
  /** On LiteFS; `null` alone. */
  readonly position: Position | null;
  /** What `inspect` found in it. */
  readonly facts: DatabaseFacts;
}

/** What a manifest says of a copy whose parts are where they are to be. */
export function toDatabaseManifest(
  { facts, position, takenAtMs }: CopiedFile,
  sent: Pick<DatabaseManifest, 'bytes' | 'sha256' | 'parts'>,
  { offsetMs = 0, encrypted = false } = {},
): DatabaseManifest {
  const { schema, counts, contentHash } = facts;
  const { bytes, sha256, parts } = sent;
  const takenAt = new Date(takenAtMs + offsetMs).toISOString();
  return { takenAt, position, schema, bytes, sha256, counts, contentHash, encrypted, parts };
}
