import { mkdir, rm } from 'node:fs/promises';
import type { Site } from './contestant.ts';
import type { LoadResult, Pace } from './load-job.ts';
import type { LoadProcess } from './load-process.ts';
import { measureCreates } from './measure-creates.ts';
import { type Counted, compareCounts, Tally } from './tally.ts';
import type { Load, Variant } from './variant.ts';

/** How long parts of a measurement take, seconds. */
export interface Durations {
  readonly warmUp: number;
  readonly closed: number;
  readonly open: number;
}

/** What one variant did in one round. */
export interface Measurement extends Counted {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU time of the server for each answer while it was measured, all threads together. */
  readonly cpuMicros: number;
  /** That of its first thread, which answers. */
  readonly mainCpuMicros: number;
  /** How much of its core the load took. */
  readonly loadBusy: number;
  readonly rssMb: number;
  readonly peakRssMb: number;
  /** CPU time of the server for each answer and its click, from the first one of the warm-up until all are counted. */
  readonly allCpuMicros: number;
  /** Clicks that were answered and not yet counted when the last answer came. */
  readonly uncounted: number;
  /** From the last answer until everything was counted. */
  readonly countSeconds: number;
  readonly createdPerSecond: number;
}

/** Starts a server, fills its memory, warms it up, measures it, and asks what it has counted. */
export async function measure(
  variant: Variant,
  site: Site,
  load: Pick<LoadProcess, 'run' | 'create'>,
  { durations, mostFilled }: { readonly durations: Durations; readonly mostFilled: number },
): Promise<Measurement> {
  await rm(site.scratch, { recursive: true, force: true });
  await mkdir(site.scratch, { recursive: true });
  await using contestant = await variant.start(site);
  if (variant.load.is === 'create') {
    return await measureCreates(variant.load, contestant, load, durations);
  }
  const { server, counting } = contestant;
  const tally = new Tally(variant.links);
  const ask = async (pace: Pace): Promise<LoadResult> => {
    const { headers, links, popularity } = variant;
    const { port } = server;
    const result = await load.run({ port, method: 'GET', headers, links, popularity, pace });
    tally.add(result.answeredByLink);
    return result;
  };

  const fill = Math.min(variant.fill, mostFilled);
  if (fill > 0) await load.run(fillJob(variant, fill, server.port));
  const cold = server.usage();
  await ask(closedPace(durations.warmUp));
  // Latency is measured while nothing is left to count, or while much is.
  if (variant.load.is === 'open') await counting?.settle(tally.answered);
  const clicksBefore = countClicksBefore(variant.load);
  if (clicksBefore > 0) await ask(paceOf(clicksBefore));

  const before = server.usage();
  const result = await ask(toPace(variant.load, durations, contestant.creatorsPort ?? server.port));
  const after = server.usage();
  const endedAtMs = performance.now();
  const uncounted = (await counting?.settle(tally.answered)) ?? 0;
  const countSeconds = (performance.now() - endedAtMs) / 1000;
  const settled = server.usage();
  const counted = await compareCounts(tally, counting);
  return {
    ...counted,
    perSecond: result.perSecond,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
    cpuMicros: (after.cpuMicros - before.cpuMicros) / result.answered,
    mainCpuMicros: (after.mainCpuMicros - before.mainCpuMicros) / result.answered,
    loadBusy: result.busy,
    rssMb: after.rssMb,
    peakRssMb: settled.peakRssMb,
    allCpuMicros: (settled.cpuMicros - cold.cpuMicros) / counted.answered,
    uncounted,
    countSeconds,
    createdPerSecond: (result.created / result.answered) * result.perSecond,
  };
}

function fillJob({ headers, links, popularity }: Variant, fill: number, port: number) {
  const isAll = fill >= links;
  return {
    port,
    method: 'HEAD',
    headers,
    links,
    popularity: isAll ? 'in-turn' : popularity,
    pace: paceOf(fill),
  } as const;
}

function toPace(
  load: Exclude<Load, { is: 'create' }>,
  durations: Durations,
  creatorsPort: number,
): Pace {
  if (load.is === 'closed') return closedPace(durations.closed);
  const { perSecond, creators } = load;
  return { is: 'open', seconds: durations.open, perSecond, creators, creatorsPort };
}

function closedPace(seconds: number): Pace {
  return { is: 'closed', seconds, maxRequests: Number.POSITIVE_INFINITY };
}

/** So many requests, at full speed. */
function paceOf(maxRequests: number): Pace {
  return { is: 'closed', seconds: Number.POSITIVE_INFINITY, maxRequests };
}

function countClicksBefore(load: Load): number {
  return load.is === 'open' ? load.clicksBefore : 0;
}
