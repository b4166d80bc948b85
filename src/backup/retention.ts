import { byAge } from './list-backups.ts';

/** A backup, as far as it matters for how long it is kept. */
export interface RetainedBackup {
  readonly name: string;
  /** Both by the clock of the bucket, milliseconds since 1970 UTC. */
  readonly takenAtMs: number;
  readonly storedAtMs: number;
  /** Whether it was restored for a trial and found whole. */
  readonly isVerified: boolean;
}

/** 24 hours may touch 25 hours of the clock. */
const hoursKept = 25;
const daysKept = 30;
const monthsKept = 12;

/**
 * Chooses the backups that are no longer kept. Kept are
 * - all of the newest 25 hours of the clock that have one, so every one of 24 h;
 * - the last one of each of the newest 30 days, and of the newest 12 months, that have one (UTC);
 * - the newest of all, and the newest that was verified;
 * - what was stored later than `settledMs`.
 *
 * Hours, days and months are counted, and not measured from now: where no backups are made none goes, and a clock that is
 * wrong, the bucket's too, ages nothing. Choosing again from what is kept chooses nothing.
 */
export function chooseExpired(
  backups: readonly RetainedBackup[],
  settledMs: number,
): readonly RetainedBackup[] {
  const newestFirst = backups.toSorted(byAge);
  const hours = lastOfEach(newestFirst, 'hour').slice(0, hoursKept);
  const keptHours = new Set(hours.map((backup) => toPeriod(backup, 'hour')));
  const kept = new Set([
    ...newestFirst.slice(0, 1),
    ...newestFirst.filter(({ isVerified }) => isVerified).slice(0, 1),
    ...newestFirst.filter((backup) => keptHours.has(toPeriod(backup, 'hour'))),
    ...lastOfEach(newestFirst, 'day').slice(0, daysKept),
    ...lastOfEach(newestFirst, 'month').slice(0, monthsKept),
    ...newestFirst.filter(({ storedAtMs }) => storedAtMs > settledMs),
  ]);
  return newestFirst.filter((backup) => !kept.has(backup));
}

type Period = 'hour' | 'day' | 'month';

/** How much of an ISO time names a period. */
const periodChars = { hour: 13, day: 10, month: 7 } as const satisfies Record<Period, number>;

function lastOfEach(newestFirst: readonly RetainedBackup[], period: Period): RetainedBackup[] {
  const seen = new Set<string>();
  return newestFirst.filter((backup) => {
    const name = toPeriod(backup, period);
    const isFirst = !seen.has(name);
    seen.add(name);
    return isFirst;
  });
}

function toPeriod({ takenAtMs }: RetainedBackup, period: Period): string {
  return new Date(takenAtMs).toISOString().slice(0, periodChars[period]);
}
