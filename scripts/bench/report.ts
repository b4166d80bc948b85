import { layOut } from '../cluster/table.ts';
import type { Summary } from './summary.ts';
import type { Variant } from './variant.ts';

/** Above this share of its core the load may be what is measured. */
const busyLoad = 0.97;

const heads = [
  'variant',
  'ratio',
  'min-max',
  'by CPU',
  'per s',
  'p50 ms',
  'p99 ms',
  'p99 ratio',
  'min-max',
  'CPU µs',
  'with count',
  'load',
  'RSS MB',
  'answered',
  'counted',
];

/** The table for people, and below it what has to be said of single rows. */
export function report(summaries: readonly Summary[], variants: readonly Variant[]): string {
  const rows = summaries.map((it) => [
    it.variant,
    `${isLimitedByLoad(it, variants) ? '≥ ' : ''}${it.ratio.toFixed(2)}`,
    `${it.spread.min.toFixed(2)}-${it.spread.max.toFixed(2)}`,
    it.cpuRatio.toFixed(2),
    String(Math.round(it.perSecond)),
    it.p50Ms.toFixed(2),
    it.p99Ms.toFixed(2),
    it.p99Ratio.toFixed(2),
    `${it.p99Spread.min.toFixed(2)}-${it.p99Spread.max.toFixed(2)}`,
    it.cpuMicros.toFixed(1),
    it.allCpuMicros.toFixed(1),
    `${Math.round(it.loadBusy * 100)}%`,
    it.rssMb.toFixed(0),
    String(it.answered),
    it.counted === 0 ? '' : String(it.counted),
  ]);
  return [
    ...layOut([heads, ...rows]),
    '',
    ...summaries.flatMap((it) => notesOn(it, find(variants, it.variant))),
  ].join('\n');
}

/** What the load reached may be less than what the server can; then its CPU time tells more. */
function isLimitedByLoad(summary: Summary, variants: readonly Variant[]): boolean {
  const { load } = find(variants, summary.variant);
  return load.is === 'closed' && summary.loadBusy > busyLoad;
}

function notesOn(summary: Summary, { wanted, load }: Variant): string[] {
  const { variant, ratio, p99Ratio, rssMb, createdPerSecond, uncounted, countSeconds } = summary;
  const notes = [];
  if (wanted.ratio !== undefined && ratio < wanted.ratio) {
    notes.push(
      `missed: a ratio of ${ratio.toFixed(2)}, at least ${wanted.ratio.toFixed(2)} wanted`,
    );
  }
  if (wanted.p99Ratio !== undefined && p99Ratio > wanted.p99Ratio) {
    notes.push(
      `missed: a p99 of ${p99Ratio.toFixed(2)} times raw, at most ${wanted.p99Ratio} wanted`,
    );
  }
  if (wanted.rssMb !== undefined && rssMb > wanted.rssMb) {
    notes.push(`missed: ${rssMb.toFixed(0)} MB of memory, at most ${wanted.rssMb} wanted`);
  }
  if (createdPerSecond > 0)
    notes.push(`${Math.round(createdPerSecond)} links a second were created meanwhile`);
  if (load.is === 'open' && load.clicksBefore > 0) {
    notes.push(
      `${uncounted} clicks were still to be counted at the end, and were ${countSeconds.toFixed(0)} s later`,
    );
  }
  return notes.map((note) => `${variant}: ${note}.`);
}

/** Says which variants counted other than they answered; empty when none did. */
export function describeMiscounts(summaries: readonly Summary[]): string[] {
  return summaries
    .filter(({ miscounted }) => miscounted > 0)
    .map(
      ({ variant, answered, counted, miscounted }) =>
        `${variant} answered ${answered} times and counted ${counted}; ${miscounted} links are wrong.`,
    );
}

function find(variants: readonly Variant[], name: string): Variant {
  const variant = variants.find((it) => it.name === name);
  if (variant === undefined) throw new Error(`there is no variant ${name}`);
  return variant;
}
