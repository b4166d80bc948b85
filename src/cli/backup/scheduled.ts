import type { BackupReport } from '../../backup/backup-report.ts';
import type { Context } from '../context.ts';
import { failureKindOf } from './failure-kind.ts';

/** The part of a report that is made when all went well. */
export type GoodReport = Omit<Extract<BackupReport, { readonly look: unknown }>, 'tookMs'>;

/**
 * Runs the work for the app that has started this process, and prints its report, also of what fails. The work is given
 * up when stdin ends: the app is gone.
 */
export async function runScheduled(
  { input, output, fail }: Context,
  work: (signal: AbortSignal) => Promise<GoodReport>,
): Promise<void> {
  const startedMs = performance.now();
  const gone = new AbortController();
  const stdin = input();
  stdin.once('end', () => gone.abort());
  stdin.resume();
  try {
    const report = await work(gone.signal);
    const tookMs = Math.round(performance.now() - startedMs);
    output.json({ ...report, tookMs } satisfies BackupReport);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    output.json({ outcome: 'failed', kind: failureKindOf(error), why } satisfies BackupReport);
    fail();
  } finally {
    stdin.destroy();
  }
}
