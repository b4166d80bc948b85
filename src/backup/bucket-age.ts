import type { Manifest } from './manifest.ts';

/** S3 tells seconds only, and its servers are not all of one mind. */
const toleranceMs = 60_000;

/**
 * How long ago something was, by the clock of the bucket, milliseconds. `undefined` of what is yet to come: the clock was ahead
 * when that was written down, and nothing is known of its age.
 */
export function toAgeMs(nowMs: number, timeMs: number): number | undefined {
  const ageMs = nowMs - timeMs;
  return ageMs < -toleranceMs ? undefined : Math.max(0, ageMs);
}

/** When the newest of its databases was copied, whatever the backup was named so that it comes after the one before. */
export function copiedAtMs({ databases: { links, clicks } }: Pick<Manifest, 'databases'>): number {
  return Math.max(
    Date.parse(links.takenAt),
    clicks === null ? Number.NEGATIVE_INFINITY : Date.parse(clicks.takenAt),
  );
}
