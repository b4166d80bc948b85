import type { DestinationPolicy } from '../domain/destination.ts';
import type { NodeId } from '../domain/role.ts';
import type { DefaultDomain } from './default-domain.ts';
import type { JournalMode } from './open-writable.ts';

/** What the writer of `links.db` needs. Plain data: it is sent to the writer's thread. */
export interface WriterOptions {
  readonly file: string;
  readonly journalMode: JournalMode;
  /** Folder of the migrations of `links.db`. */
  readonly migrationsDir: string;
  /** This node, for the ledger and the row of the epoch. */
  readonly node: NodeId;
  readonly domain: DefaultDomain;
  readonly links: {
    readonly minSlugLength: number;
    readonly destinationPolicy: DestinationPolicy;
  };
  /** LiteFS's `links.db-pos`; absent alone. */
  readonly positionFile?: string | undefined;
}
