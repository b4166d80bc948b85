/** Why a click could not be kept. `spool_full`: nothing that is counted is left to make room for it. */
export type DropReason = 'disk_full' | 'spool_full' | 'io_error';

/**
 * Why clicks that were kept are lost: `torn`, a start found that a segment no longer has them; `damaged`, a sealed
 * batch no longer has them.
 */
export type LossReason = 'torn' | 'damaged';

/** What a spool did since it was opened. */
export interface SpoolCounts {
  /** Clicks that are in a segment. */
  readonly recorded: number;
  /** Clicks that are in none. */
  readonly dropped: Readonly<Record<DropReason, number>>;
  readonly lost: Readonly<Record<LossReason, number>>;
  /** Whether this volume was found to be moved or copied from another node or place. */
  readonly isMoved: boolean;
}
