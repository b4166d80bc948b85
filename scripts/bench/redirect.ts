// `npm run bench [-- --quick]`: what a redirect costs, with a static answer of Node's own HTTP as 1.00.
//
// Server and load run on a core of their own each, where `taskset` can be had. The variants take turns in every
// round, so that whatever else the machine does meets all of them; each answer is checked.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeLinks } from './links.ts';
import type { LoadResult } from './load.ts';
import { isPinned, Pinned } from './pinned.ts';
import type { Usage } from './serve.ts';

/** One way to serve and be asked. */
interface Variant {
  readonly name: string;
  readonly server: 'raw' | 'hoplite';
  /** How many links are asked for, each as often as the others. */
  readonly links: number;
  readonly env?: Readonly<Record<string, string>>;
}

interface Measurement extends LoadResult {
  readonly cpuMicrosPerAnswer: number;
  readonly rssMb: number;
}

const linkCount = 100_000;
const raw: Variant = { name: 'raw-http', server: 'raw', links: 1 };
const variants: readonly Variant[] = [
  raw,
  { name: 'hoplite-hot', server: 'hoplite', links: 1 },
  { name: 'hoplite-uniform-100k', server: 'hoplite', links: linkCount },
  {
    name: 'hoplite-uniform-100k-no-memory',
    server: 'hoplite',
    links: linkCount,
    env: { CACHE_MAX_BYTES: '0' },
  },
];

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const rounds = values.quick ? 3 : 7;
const seconds = values.quick ? 1 : 3;

const folder = await mkdtemp(join(tmpdir(), 'hoplite-bench-'));
try {
  makeLinks(folder, linkCount);
  const measured = new Map(variants.map((variant) => [variant, [] as Measurement[]]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const [variant, measurements] of measured) measurements.push(await measure(variant));
    console.error(`round ${round} of ${rounds}`);
  }
  report(measured);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function measure(variant: Variant): Promise<Measurement> {
  await using server = new Pinned(join(import.meta.dirname, 'serve.ts'), 0, [variant.server], {
    PATH: process.env.PATH,
    DATA_DIR: folder,
    PORT: '0',
    PRIVATE_PORT: '0',
    LOG_LEVEL: 'silent',
    ...variant.env,
  });
  const { port } = await server.hear<{ port: number }>();
  // What may be in memory shall be, and what can be compiled.
  await load(port, variant.links, 0);
  await load(port, variant.links, 1);
  const before = await server.hear<Usage>('usage');
  const result = await load(port, variant.links, seconds);
  const after = await server.hear<Usage>('usage');
  return {
    ...result,
    cpuMicrosPerAnswer: (after.cpuMicros - before.cpuMicros) / result.answered,
    rssMb: after.rssMb,
  };
}

async function load(port: number, links: number, forSeconds: number): Promise<LoadResult> {
  const args = [port, links, forSeconds].map(String);
  await using generator = new Pinned(join(import.meta.dirname, 'load.ts'), 1, args);
  return await generator.hear<LoadResult>();
}

/** Medians over the rounds; ratios are taken within each round, against the raw server of that round. */
function report(measured: ReadonlyMap<Variant, readonly Measurement[]>): void {
  const baseline = measured.get(raw) ?? [];
  const rows = [...measured].map(([variant, measurements]) => {
    const ratios = measurements.map(
      (it, round) => it.perSecond / (baseline[round]?.perSecond ?? 0),
    );
    const cpuRatios = measurements.map(
      (it, round) => (baseline[round]?.cpuMicrosPerAnswer ?? 0) / it.cpuMicrosPerAnswer,
    );
    const middle = (pick: (it: Measurement) => number) => median(measurements.map(pick));
    return {
      variant: variant.name,
      ratio: median(ratios).toFixed(2),
      'min to max': `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`,
      'ratio by CPU': median(cpuRatios).toFixed(2),
      'per second': Math.round(middle((it) => it.perSecond)),
      'CPU µs': Number(middle((it) => it.cpuMicrosPerAnswer).toFixed(1)),
      'p50 ms': Number(middle((it) => it.p50Ms).toFixed(2)),
      'p99 ms': Number(middle((it) => it.p99Ms).toFixed(2)),
      'RSS MB': Math.round(middle((it) => it.rssMb)),
    };
  });
  console.table(rows);
  console.log(
    `Medians of ${rounds} rounds of ${seconds} s, 64 connections, Node ${process.version}, ` +
      `${isPinned ? 'server and load on a core of their own' : 'nothing pinned to a core'}.`,
  );
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
