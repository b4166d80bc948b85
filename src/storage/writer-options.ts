import type { DestinationPolicy } from '../domain/destination.ts';
import type { NodeId } from '../domain/role.ts';
import type { DefaultDomain } from './default-domain.ts';
import type { JournalMode } from './open-writable.ts';

/** A database that the writer writes. */
export interface WrittenDatabase {
  readonly file: string;
  /** Folder of its migrations. */
  readonly migrationsDir: string;
  /** LiteFS's `…-pos` beside it; absent alone. */
  readonly positionFile?: string | undefined;
}

/** What the writer needs; at the top what is about `links.db`. Plain data: it is sent to the writer's thread. */
export interface WriterOptions extends WrittenDatabase {
  readonly clicks: WrittenDatabase;
  /** Of both databases. */
  readonly journalMode: JournalMode;
  /** This node, for the ledger and the row of the epoch. */
  readonly node: NodeId;
  readonly domain: DefaultDomain;
  readonly links: {
    readonly minSlugLength: number;
    readonly destinationPolicy: DestinationPolicy;
  };
}
