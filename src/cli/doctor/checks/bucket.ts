import type { Facts } from '../facts.ts';
import { fail, ok, type Verdict, warn } from '../verdict.ts';

/** A server tells its time in whole seconds, and a minute is no harm: backups go by the bucket's clock. */
const toleranceMs = 60_000;

/** Backups have somewhere to go. Where none are set up there is nothing to say. */
export function checkBucket({ bucket }: Pick<Facts, 'bucket'>): Verdict[] {
  if (bucket === undefined) return [];
  if (bucket.is === 'failing') {
    return [fail(bucket.why.replace(/\.$/, ''), 'then try "hoplite backup now"')];
  }
  const { name, clockOffsetMs } = bucket;
  if (Math.abs(clockOffsetMs) <= toleranceMs) return [ok(`${name} answers`)];
  const seconds = Math.round(Math.abs(clockOffsetMs) / 1000);
  return [
    warn(
      `the clock of ${name} is ${seconds} s ${clockOffsetMs > 0 ? 'ahead of' : 'behind'} this one`,
      'run a time service here; backups go by the clock of the bucket meanwhile',
    ),
  ];
}
