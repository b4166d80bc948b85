import { mkdir, rm } from 'node:fs/promises';
import type { Site } from './contestant.ts';
import type { LoadResult, Pace } from './load-job.ts';
import type { LoadProcess } from './load-process.ts';
import { measureCreates } from './measure-creates.ts';
import type { Durations, Measurement } from './measurement.ts';
import { compareCounts, Tally } from './tally.ts';
import type { Load, Variant } from './variant.ts';

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
