import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ClusterFailure } from '../cluster/cluster-failure.ts';
import type { HistoryRecord } from './history.ts';
import { readHistory } from './read-history.ts';
import { judgeHistory } from './report/judge-history.ts';
import type { FaultResult } from './report/result.ts';
import { type RunOptions, runFaults } from './run.ts';

/** A run, judged. */
export interface JudgedRun {
  readonly result: FaultResult;
  /** Why the run ended before its end; its history up to there is judged all the same. */
  readonly failure?: ClusterFailure;
}

/**
 * Runs faults and judges the history; `gaps.svg` lies beside it. Throws a `ClusterFailure` when there is no history to judge,
 * because the fleet did not start.
 */
export async function runAndJudge(
  options: RunOptions & { readonly json?: string | undefined },
): Promise<JudgedRun> {
  const judge = (records: readonly HistoryRecord[]) =>
    judgeHistory(records, {
      say: options.say,
      svgFile: join(options.dir, 'gaps.svg'),
      jsonFile: options.json,
    });
  try {
    return { result: judge(await runFaults(options)) };
  } catch (error) {
    const file = join(options.dir, 'history.jsonl');
    if (options.interrupts.stop.aborted || !existsSync(file)) throw error;
    const records = await readHistory(file);
    if (records.length === 0) throw error;
    options.say(`The run ended early: ${String(error)}`);
    const result = judge(records);
    // Anything else is a defect of the run; what it saw is told all the same.
    if (!(error instanceof ClusterFailure)) throw error;
    return { result, failure: error };
  }
}
