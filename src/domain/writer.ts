import type { ApiKey } from './api-key.ts';
import type { ClickCursor, ProducerId } from './click-cursor.ts';
import type { SlugCase } from './domain-name.ts';
import type { Durability } from './durability.ts';
import type { IdempotencyKey } from './idempotency.ts';
import type { ImportFate, OnConflict } from './import-fate.ts';
import type { Link, LinkChanges, LinkRef, NewLink } from './link.ts';
import type { Pieces } from './pieces.ts';
import type { Position } from './position.ts';

/**
 * Everything that changes `links.db`, by name. The use cases behind them are synchronous and run
 * in the writer thread, each in a savepoint of the transaction that takes all that wait.
 */
export interface WriterCommands {
  /**
   * Throws `invalid` (with every broken rule), `conflict` (the slug is taken, or the link that the
   * `Idempotency-Key` made was deleted meanwhile) or `idempotency_mismatch`.
   */
  createLink(input: CreateLinkInput): CreateLinkResult;
  /**
   * Makes many links, all of them in this one transaction. A row that cannot be made fails alone; with `isAtomic` it
   * fails all, by the failure of the first with the errors of all. Throws `idempotency_mismatch` too.
   */
  createLinks(input: CreateLinksInput): CreateLinksResult;
  /**
   * Makes links as an export or another shortener has them, all in this one transaction. A row that cannot be made fails
   * alone; with `isAtomic` it fails all, as in `createLinks`. Throws `idempotency_mismatch` too.
   */
  importLinks(input: ImportLinksInput): ImportLinksResult;
  /** Throws `not_found`, `invalid` or `precondition_failed`. A link that would not change keeps its version. */
  updateLink(input: UpdateLinkInput): Link;
  /** Throws `not_found`, `precondition_failed`, or `forbidden` for a takedown that is to stay. */
  deleteLink(input: DeleteLinkInput): Link;
  /** Stores a key that was generated outside, so that its secret never enters the writer's mailbox. */
  createKey(input: Omit<ApiKey, 'id' | 'revokedAt' | 'createdAt'>): ApiKey;
  /** Throws `not_found`. Revoking twice is the same as once. */
  revokeKey(id: number): ApiKey;
}

/** Everything that changes `clicks.db`, each in a transaction of its own. */
export interface ClickCommands {
  /**
   * Counts batches, in their order, in one transaction with the cursors of their producers. It ends early, with
   * outcomes for fewer batches than came, once it holds 5,000 rows of the rollups; whoever asks goes on from there.
   */
  mergeClicks(input: MergeClicksInput): readonly MergeOutcome[];
  /**
   * Adds up rollups by the hour before `beforeHour` into days, at most 5,000 rows, and of the two oldest days. `isDone`
   * when nothing of these is left.
   */
  foldClicks(input: { readonly beforeHour: number }): { readonly isDone: boolean };
}

export interface MergeClicksInput {
  readonly batches: readonly ShippedBatch[];
  /** Wall clock of the primary. */
  readonly nowMs: number;
  /** Clicks further in the past are `undated`, milliseconds; those more than 48 h ahead are too. */
  readonly datedForMs: number;
}

/** A batch as a spool gives it away: the bytes say whose it is and which. */
export interface ShippedBatch {
  readonly bytes: Uint8Array;
  /** When batches before this one are lost: the first of them, which must be the one that the cursor expects. */
  readonly lostFrom?: number | undefined;
  /** It only comes to learn whether it is what is counted under its number; where nothing is, it is not counted either. */
  readonly isTrial?: boolean | undefined;
}

/**
 * What became of a batch. `merged`: counted, now or before. `partial`: some of it is counted; it must come again.
 * `gap`: `expected` has to come first. `conflict`: another batch of this number is counted. `absent`: none is, and the
 * batch was a trial. `invalid`: no batch.
 */
export type MergeOutcome =
  | { readonly is: 'merged' | 'partial'; readonly cursor: ClickCursor }
  | {
      readonly is: 'gap' | 'conflict' | 'absent';
      readonly producer: ProducerId;
      readonly expected: number;
      /** Clicks of this producer before the one that is expected. */
      readonly clicks: number;
    }
  | { readonly is: 'invalid'; readonly detail: string };

/** What `createLink` comes to. */
export interface CreateLinkResult {
  readonly link: Link;
  /** Whether an earlier request with the same `Idempotency-Key` made the link. */
  readonly repeated: boolean;
}

export interface CreateLinkInput {
  readonly domainId: number;
  readonly link: NewLink;
  readonly idempotency?: IdempotencyKey | undefined;
}

export interface CreateLinksInput {
  readonly domainId: number;
  /** Of `BulkRow`, at most 10,000. Whoever asks gives their bytes away. */
  readonly rows: Pieces;
  readonly isAtomic: boolean;
  readonly idempotency?: IdempotencyKey | undefined;
}

/** What `createLinks` comes to. */
export interface CreateLinksResult {
  /** Of `BulkOutcome`, one for each row, in their order. */
  readonly outcomes: Pieces;
  readonly created: number;
  readonly failed: number;
  /** Whether an earlier request with the same `Idempotency-Key` made the links. */
  readonly repeated: boolean;
}

export interface ImportLinksInput {
  readonly domainId: number;
  /** JSON, one link a line, at most 10,000. Whoever asks gives the bytes away. */
  readonly lines: Uint8Array<ArrayBuffer>;
  readonly onConflict: OnConflict;
  readonly isAtomic: boolean;
  /** Only says what would become of the rows. */
  readonly isDryRun: boolean;
  /** Whether whoever imports may take links down. */
  readonly mayTakeDown: boolean;
  readonly idempotency?: IdempotencyKey | undefined;
}

/** What `importLinks` comes to: how many rows had which fate. */
export interface ImportLinksResult extends Readonly<Record<ImportFate, number>> {
  readonly failed: number;
  /** Of `FailedImport`, in the order of the rows. */
  readonly failures: Pieces;
  /** A letter for each row, in their order: the first of what became of it, such as `c` for created. */
  readonly fates: string;
  /** Of the domain: whether slugs that differ by case alone are one. */
  readonly slugCase: SlugCase;
  /** Whether an earlier request with the same `Idempotency-Key` did it, but for the rows that failed then. */
  readonly repeated: boolean;
  /** The places of those, in their order: they were tried again. */
  readonly retried: readonly number[];
}

/** `ifMatch` holds the versions an `If-Match` header allows; absent means any. */
export interface UpdateLinkInput extends LinkRef {
  readonly changes: LinkChanges;
  readonly ifMatch?: readonly string[] | undefined;
}

export interface DeleteLinkInput extends LinkRef {
  readonly ifMatch?: readonly string[] | undefined;
  /** Whether a link that was taken down stays: without it, anybody could make it again. */
  readonly keepsBlocked?: boolean | undefined;
}

/** The result of a command whose transaction was committed. */
export interface Committed<T> {
  readonly value: T;
  /** Of the database right after the commit; `undefined` alone. */
  readonly position: Position | undefined;
  readonly epoch: number;
}

/** The result of a command on `links.db`, and what is known of its safety by now. */
export interface Written<T> extends Committed<T> {
  /** Tells the epoch from another one of the same number, see `toEpochTag`. */
  readonly epochTag: string;
  readonly durability: Durability;
}

/**
 * The primary's writer as the rest of the process sees it.
 *
 * Rejects with the `Failure` of the use case; with `unavailable` when the mailbox is full, or when it is not known whether
 * the transaction took effect; with `not_replicated` when it did here but has to be on the other candidate as well
 * (`DURABILITY=strict`) and is not known to be; with `NotPrimary` when it certainly did not because this node lost its role.
 */
export interface Writer {
  run<Name extends keyof WriterCommands>(
    name: Name,
    input: Parameters<WriterCommands[Name]>[0],
  ): Promise<Written<ReturnType<WriterCommands[Name]>>>;
}

/**
 * The primary's writer of `clicks.db`. Rejects as `Writer` does; the position is that of `clicks.db`. Nothing waits for
 * another node: what a failover loses of the counts is shipped again.
 */
export interface ClickWriter {
  count<Name extends keyof ClickCommands>(
    name: Name,
    input: Parameters<ClickCommands[Name]>[0],
  ): Promise<Committed<ReturnType<ClickCommands[Name]>>>;
}

/** Gives the writer while this node is primary. */
export interface WriterSource {
  /** Throws `NotPrimary` on other nodes, and `unavailable` on a primary that is still opening its epoch. */
  writer(): Writer;
}

/** Gives the writer of `clicks.db`, on the same terms. */
export interface ClickWriterSource {
  clickWriter(): ClickWriter;
}
