/** What is to be done for backups: make one, or restore one for a trial. */
export type BackupWork = 'backup' | 'drill';

/** What decides about the next work. Times are of the monotonic clock, milliseconds; `undefined`: never, or not known. */
export interface BackupPaceState {
  readonly nowMs: number;
  readonly intervalMs: number;
  readonly clicksIntervalMs: number;
  /** When this node last began to look whether there is something to back up. */
  readonly lookedAtMs: number | undefined;
  /** When the last work ended that failed; how many did so in a row. */
  readonly failedAtMs: number | undefined;
  readonly failuresInRow: number;
  /** Whether the links changed since what this node knows to be backed up. */
  readonly isChanged: boolean;
  /** Age of the clicks in the newest backup. */
  readonly clicksAgeMs: number | undefined;
  /** When it was last found that they are still the same, though it was time for new ones. */
  readonly clicksSameAtMs: number | undefined;
  readonly hasBackup: boolean;
  /** Since a backup was last restored for a trial and found good. */
  readonly verifiedAgeMs: number | undefined;
  /** When a trial last failed here, or another node was to make it; `undefined` after one that succeeded. */
  readonly drillTriedAtMs: number | undefined;
}

/** A backup is restored for a trial so often. */
export const drillIntervalMs = 24 * 3_600_000;
/** What failed is tried again after the interval, and after at most this when it goes on to fail. */
const maxBackOffMs = 300_000;
const drillRetryMs = 1_800_000;

/** The work that is due now. */
export function findWork(state: BackupPaceState): BackupWork | undefined {
  const { nowMs, intervalMs, lookedAtMs, failedAtMs } = state;
  if (failedAtMs !== undefined && nowMs - failedAtMs < backOffMs(state)) return undefined;
  const mayLook = lookedAtMs === undefined || nowMs - lookedAtMs >= intervalMs;
  if (mayLook && (state.isChanged || areClicksDue(state))) return 'backup';
  return state.hasBackup && isDrillDue(state) ? 'drill' : undefined;
}

function backOffMs({ intervalMs, failuresInRow }: BackupPaceState): number {
  if (failuresInRow === 0) return 0;
  return Math.min(intervalMs * 2 ** (failuresInRow - 1), Math.max(maxBackOffMs, intervalMs));
}

function areClicksDue(state: BackupPaceState): boolean {
  const { nowMs, clicksAgeMs, clicksSameAtMs, clicksIntervalMs } = state;
  if (clicksSameAtMs !== undefined && nowMs - clicksSameAtMs < clicksIntervalMs) return false;
  return clicksAgeMs === undefined || clicksAgeMs >= clicksIntervalMs;
}

function isDrillDue({ nowMs, verifiedAgeMs, drillTriedAtMs }: BackupPaceState): boolean {
  if (drillTriedAtMs !== undefined && nowMs - drillTriedAtMs < drillRetryMs) return false;
  return verifiedAgeMs === undefined || verifiedAgeMs >= drillIntervalMs;
}
