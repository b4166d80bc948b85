/** The identity of one spool: 32 lower-case hex digits, random for each volume and node. */
export type ProducerId = string & { readonly __brand: 'ProducerId' };

/** Whether `text` has the form of a producer's id. */
export function isProducerId(text: string): text is ProducerId {
  return /^[0-9a-f]{32}$/.test(text);
}

/** How far the primary has taken a producer's batches. Lives in the transaction that counts them. */
export interface ClickCursor {
  readonly producer: ProducerId;
  /** The newest batch of which anything was counted, or that was declared lost; batches are numbered from 1. */
  readonly seq: number;
  /** How many clicks of that batch are counted: a large one is merged in several transactions. */
  readonly merged: number;
  /** SHA-256, hex, of the frames of that batch up to the last one that is counted. */
  readonly hash: string;
  /** Whether all of that batch is counted, as far as it was known. */
  readonly isComplete: boolean;
  /** All clicks of this producer up to there, the lost ones with them. */
  readonly clicks: number;
  /** How many of them the producer declared lost. */
  readonly lost: number;
}

/** The batch that has to come next; 1 for a producer that is not known. */
export function expectedSeq(cursor: ClickCursor | undefined): number {
  if (cursor === undefined) return 1;
  return cursor.isComplete ? cursor.seq + 1 : cursor.seq;
}
