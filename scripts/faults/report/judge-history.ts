import { writeFileSync } from 'node:fs';
import { toHistory } from '../check/history.ts';
import type { HistoryRecord } from '../history.ts';
import { plotGaps } from './gap-plot.ts';
import { type FaultResult, toResult } from './result.ts';
import { renderResult } from './result-text.ts';

/** Judges a history, tells people, and writes the plot of gaps and, where asked for, the result for programs. */
export function judgeHistory(
  records: Iterable<HistoryRecord>,
  to: {
    readonly say: (text: string) => void;
    readonly svgFile: string;
    readonly jsonFile?: string | undefined;
  },
): FaultResult {
  const history = toHistory(records);
  const result = toResult(history);
  to.say(renderResult(result));
  writeFileSync(to.svgFile, plotGaps(history));
  to.say(`The gaps are drawn in ${to.svgFile}.`);
  if (to.jsonFile !== undefined) {
    writeFileSync(to.jsonFile, `${JSON.stringify(result, undefined, 2)}\n`);
    to.say(`The result is in ${to.jsonFile}.`);
  }
  return result;
}
