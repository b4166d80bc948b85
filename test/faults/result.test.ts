import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { toHistory } from '../../scripts/faults/check/history.ts';
import { invariants } from '../../scripts/faults/check/invariants.ts';
import type { HistoryRecord } from '../../scripts/faults/history.ts';
import { readHistory } from '../../scripts/faults/read-history.ts';
import { plotGaps } from '../../scripts/faults/report/gap-plot.ts';
import { judgeHistory } from '../../scripts/faults/report/judge-history.ts';
import { toResult } from '../../scripts/faults/report/result.ts';
import { renderResult } from '../../scripts/faults/report/result-text.ts';
import { destination, fault, finals, primary, run, write } from '../support/fault-history.ts';

const dir = mkdtempSync(join(tmpdir(), 'hoplite-result-'));
afterAll(() => rmSync(dir, { recursive: true }));

/** Two kills with a write before, between and after, of which the last one is lost. */
const records: readonly HistoryRecord[] = [
  run,
  primary('ams1', 1, 0),
  write('create', 'a', 1_000),
  ...fault('kill-9', 1_100, 2_400, { losesPrimary: true }),
  write('create', 'b', 2_500),
  ...fault('kill-9', 4_000, 9_000, { losesPrimary: true, fault: 2 }),
  write('create', 'c', 8_000),
  ...finals({ a: destination('a'), b: destination('b') }),
];

describe('the result of a run', () => {
  const result = toResult(toHistory(records));

  test('counts lost primaries and has the longest gap of each fault', () => {
    expect(result).toMatchObject({
      seed: 1,
      primaryLosses: 2,
      gapsMs: { 'kill-9': 5_500 },
      gapSpreads: { 'kill-9': { times: 2, minMs: 1_500, medianMs: 1_500, maxMs: 5_500 } },
    });
  });

  test('has a verdict for each invariant, and the records that break one', () => {
    expect(result.invariants.map(({ id }) => id)).toEqual(invariants.map(({ id }) => id));
    const [survives] = result.invariants;
    expect(survives).toMatchObject({ id: 'L1', holds: false, checked: 3 });
    expect(survives?.broken).toEqual([
      expect.objectContaining({ op: 'create', key: 'c' }),
      { event: 'finalRead', node: 'ams1', at: 1_000_000, key: 'c', value: null },
    ]);
  });

  test('has every invariant that a run decides, each once', () => {
    const numbers = (letter: string, to: number) =>
      Array.from({ length: to }, (_, index) => `${letter}${index + 1}`);
    const ids = [...numbers('L', 14), ...numbers('K', 11), ...numbers('O', 10), 'O14', 'logs'];
    expect(invariants.map(({ id }) => id)).toEqual(ids);
  });

  test('tells people what holds, what is broken and by what, and what nobody checked', () => {
    const lines = renderResult(result).split('\n');
    const line = (start: string) => lines.find((each) => each.startsWith(start));
    expect(line('L1 ')).toMatch(/3 +BROKEN, 3 times$/);
    expect(line('L2 ')).toMatch(/BROKEN/);
    expect(line('L5 ')).toMatch(/3 +holds$/);
    expect(line('K4 ')).toMatch(/0 +not checked$/);
    expect(line('L1 is broken')).toContain('c was answered as replicated, and is not on ams1');
    expect(lines).toContainEqual(
      expect.stringMatching(/^ {4}8\.000 s–8\.001 s client-1 create c /),
    );
    expect(line('kill-9')).toMatch(/2 +1\.500 s +1\.500 s +5\.500 s +22\.000 s$/);
    expect(lines.at(-1)).toMatch(
      /^Seed 1, 2 primaries lost\. Broken: L1, L2; \d+ of 37 .*not checked\.$/,
    );
  });

  test('is written for programs, with a plot', () => {
    const said: string[] = [];
    const [svgFile, jsonFile] = [join(dir, 'gaps.svg'), join(dir, 'result.json')];
    const same = judgeHistory(records, { say: (text) => said.push(text), svgFile, jsonFile });
    expect(JSON.parse(readFileSync(jsonFile, 'utf8'))).toEqual(JSON.parse(JSON.stringify(same)));
    expect(readFileSync(svgFile, 'utf8')).toBe(plotGaps(toHistory(records)));
    expect(said.join('\n')).toContain(svgFile);
  });
});

describe('the plot of gaps', () => {
  test('has a band with its name for each fault, and gaps as long as they last', () => {
    const svg = plotGaps(toHistory(records));
    expect(svg.match(/kill-9/g)).toHaveLength(2);
    expect(svg.match(/<rect [^>]*fill="#e8b4a8"/g)).toHaveLength(2);
    expect(svg).not.toContain('NaN');
  });

  test('can be drawn of a run in which nothing was written', () => {
    expect(plotGaps(toHistory([run]))).not.toContain('NaN');
  });
});

describe('the file of a history', () => {
  const file = join(dir, 'history.jsonl');

  test('is read as it was written', async () => {
    writeFileSync(file, `${records.map((record) => JSON.stringify(record)).join('\n')}\n`);
    expect(await readHistory(file)).toEqual(records);
  });

  test('is refused with the number of the line that is none', async () => {
    writeFileSync(file, `${JSON.stringify(run)}\n{"event":"nothing"}\n`);
    await expect(readHistory(file)).rejects.toThrow('Line 2 of');
  });
});
