// `npm run bench`: what a redirect costs, with a static answer of Node's own HTTP as 1.00. See docs/performance.md.
//
// Server and load run on a core of their own each. The variants take turns in every round, so that whatever else the
// machine does meets all of them; each answer is checked, and afterwards what the servers have counted.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { takeInterrupts } from '../cluster/interrupts.ts';
import { chooseVariants } from './choose-variants.ts';
import type { Site } from './contestant.ts';
import { isLiteFsInstalled } from './fleet.ts';
import { makeLinks } from './links.ts';
import { LoadProcess } from './load-process.ts';
import { measure } from './measure.ts';
import type { Measurement } from './measurement.ts';
import { isNginxInstalled } from './nginx.ts';
import { type BenchOptions, Misuse, parseBenchOptions, usage } from './options.ts';
import { isPinned } from './pinned.ts';
import { describeMiscounts, report } from './report.ts';
import { summarize } from './summary.ts';
import type { Variant } from './variant.ts';
import { variants } from './variants.ts';

const { stop } = takeInterrupts();
try {
  const options = parseBenchOptions(process.argv.slice(2));
  if (options.help) console.log(usage);
  else await run(options);
} catch (error) {
  if (error instanceof Misuse) {
    console.error(error.message);
    process.exitCode = 2;
  } else if (stop.aborted) {
    process.exitCode = 130;
  } else {
    throw error;
  }
}

async function run(options: BenchOptions): Promise<void> {
  const startedAtMs = performance.now();
  const chosen = chooseVariants(variants, options);
  const here = withoutMissing(chosen);
  const measured = await measureAll(here, options);
  const summaries = summarize(measured);
  if (options.jsonFile !== undefined) {
    writeFileSync(options.jsonFile, `${JSON.stringify({ variants: summaries }, undefined, 2)}\n`);
  }
  const miscounts = describeMiscounts(summaries);
  const minutes = (performance.now() - startedAtMs) / 60_000;
  console.log(report(summaries, here));
  console.log(
    `Medians of ${options.rounds} rounds of ${options.durations.closed} s after ${minutes.toFixed(1)} minutes; Node ${process.version}; ` +
      `${isPinned ? 'server and load on a core of their own' : 'nothing pinned to a core'}.`,
  );
  if (miscounts.length > 0) {
    console.error(`\nTHE COUNTS ARE WRONG\n${miscounts.join('\n')}`);
    process.exitCode = 1;
  }
}

/** Leaves out what cannot be measured on this machine, and says so. */
function withoutMissing(chosen: readonly Variant[]): readonly Variant[] {
  const missing = new Map<Variant['needs'], string>();
  if (!isNginxInstalled()) missing.set('nginx', 'install it, as with apt-get install nginx-light');
  if (!isLiteFsInstalled()) missing.set('litefs', 'run "node scripts/setup.js --fleet"');
  for (const { name, needs } of chosen) {
    const remedy = missing.get(needs);
    if (remedy !== undefined)
      console.error(`${name} is not measured, for want of ${needs}: ${remedy}.`);
  }
  return chosen.filter(({ needs }) => !missing.has(needs));
}

/** Every variant once in a round; the order turns around from round to round, so that drift favours none. */
async function measureAll(
  chosen: readonly Variant[],
  options: BenchOptions,
): Promise<ReadonlyMap<Variant, readonly Measurement[]>> {
  const { rounds, dir } = options;
  mkdirSync(dir, { recursive: true });
  const folder = mkdtempSync(join(dir, 'bench-'));
  try {
    const site = createSite(folder);
    // One for all, so that it knows from the second variant on how to be fast.
    await using load = new LoadProcess(stop);
    const measured = new Map(chosen.map((variant) => [variant, [] as Measurement[]]));
    for (let round = 1; round <= rounds; round += 1) {
      for (const variant of round % 2 === 1 ? chosen : chosen.toReversed()) {
        const startedAtMs = performance.now();
        const measurement = await measure(variant, site, load, options);
        measured.get(variant)?.push(measurement);
        const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
        console.error(
          `round ${round} of ${rounds}, ${seconds} s: ${describe(variant, measurement)}`,
        );
      }
    }
    return measured;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function describe({ name }: Variant, { perSecond, p99Ms, countSeconds }: Measurement): string {
  return `${name} ${Math.round(perSecond)}/s, p99 ${p99Ms.toFixed(2)} ms, counted after ${countSeconds.toFixed(1)} s`;
}

function createSite(folder: string): Site {
  const folders = new Map<number, string>();
  return {
    scratch: join(folder, 'scratch'),
    signal: stop,
    linksFolder(count) {
      const known = folders.get(count);
      if (known !== undefined) return known;
      console.error(`making ${count} links`);
      const made = join(folder, `links-${count}`);
      makeLinks(made, count);
      folders.set(count, made);
      return made;
    },
  };
}
