import { layOut } from '../../cluster/table.ts';
import type { Evidence } from '../check/evidence.ts';
import { outageBoundsMs } from '../check/fleet/outage-bounds.ts';
import type { Verdict } from '../check/judge.ts';
import type { FaultName } from '../fault-name.ts';
import { type FaultResult, findBroken } from './result.ts';

/** Of a long proof people read the beginning; `--json` has all of it. */
const shownRecords = 12;

/** A run for people: every invariant with its verdict, what breaks those that are broken, and how long writes stayed away. */
export function renderResult(result: FaultResult): string {
  const broken = findBroken(result);
  const checked = result.invariants.filter(({ holds }) => holds !== null).length;
  return [
    joined([
      ['', 'invariant', 'checked', 'verdict'],
      ...result.invariants.map((verdict) => [
        verdict.id,
        verdict.sentence,
        String(verdict.checked),
        sayVerdict(verdict),
      ]),
    ]),
    ...broken.map(renderProof),
    renderGaps(result),
    `Seed ${result.seed}, ${result.primaryLosses} primaries lost. ${sayWhole(broken, checked, result.invariants.length)}`,
  ].join('\n\n');
}

function sayVerdict({ holds, offences }: Verdict): string {
  if (holds === null) return 'not checked';
  return holds ? 'holds' : `BROKEN, ${offences} times`;
}

function sayWhole(broken: readonly Verdict[], checked: number, all: number): string {
  const ids = broken.map(({ id }) => id).join(', ');
  const verdict = broken.length === 0 ? 'All that were checked hold' : `Broken: ${ids}`;
  return `${verdict}; ${all - checked} of ${all} invariants were not checked.`;
}

function renderProof({ id, why, broken }: Verdict): string {
  const shown = broken.slice(0, shownRecords).map((record) => `    ${renderRecord(record)}`);
  const more = broken.length - shown.length;
  return [
    `${id} is broken: ${why}`,
    ...shown,
    ...(more > 0 ? [`    … and ${more} more`] : []),
  ].join('\n');
}

/** A record on one line: when, who, what, and all else it says. */
export function renderRecord(record: Evidence): string {
  if ('event' in record) {
    const { event, at, ...rest } = record;
    return `${inSeconds(at)} ${event} ${JSON.stringify(rest)}`;
  }
  const { proc, op, key, invokedAt, returnedAt, type, via, arg, ...rest } = record;
  const sent = Object.keys(arg).length === 0 ? '' : ` ${JSON.stringify(arg)}`;
  return `${inSeconds(invokedAt)}–${inSeconds(returnedAt)} ${proc} ${op} ${key ?? ''} at ${via}${sent}: ${type} ${JSON.stringify(rest)}`;
}

function renderGaps({ gapSpreads }: FaultResult): string {
  const rows = Object.entries(gapSpreads).map(([name, { times, minMs, medianMs, maxMs }]) => {
    const boundMs = outageBoundsMs[name as FaultName];
    const given = boundMs === undefined ? '' : inSeconds(boundMs);
    return [name, String(times), ...[minMs, medianMs, maxMs].map(inSeconds), given];
  });
  const head = ['longest time without a write', 'times', 'least', 'median', 'most', 'given'];
  return joined([head, ...rows]);
}

function joined(rows: readonly (readonly string[])[]): string {
  return layOut(rows).join('\n');
}

function inSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(3)} s`;
}
