import Database from 'better-sqlite3';
import type { Contestant } from './contestant.ts';
import type { LoadProcess } from './load-process.ts';
import type { Durations, Measurement } from './measurement.ts';

/** Measures how many links are created, and compares with how many there are afterwards. */
export async function measureCreates(
  { clients }: { readonly clients: number },
  { server, linksFile }: Contestant,
  load: Pick<LoadProcess, 'create'>,
  durations: Durations,
): Promise<Measurement> {
  if (linksFile === undefined) throw new Error('this contestant has no links to be counted');
  const create = (seconds: number) =>
    load.create({ is: 'create', port: server.port, clients, seconds });
  await create(durations.warmUp);
  const linksBefore = countLinks(linksFile);
  const before = server.usage();
  const result = await create(durations.open);
  const after = server.usage();
  const counted = countLinks(linksFile) - linksBefore;
  const cpuMicros = (after.cpuMicros - before.cpuMicros) / result.created;
  return {
    answered: result.created,
    counted,
    miscounted: Math.abs(result.created - counted),
    perSecond: result.perSecond,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
    cpuMicros,
    mainCpuMicros: (after.mainCpuMicros - before.mainCpuMicros) / result.created,
    loadBusy: result.busy,
    rssMb: after.rssMb,
    peakRssMb: after.peakRssMb,
    allCpuMicros: cpuMicros,
    uncounted: 0,
    countSeconds: 0,
    createdPerSecond: 0,
  };
}

function countLinks(file: string): number {
  const database = new Database(file, { readonly: true, timeout: 10_000 });
  try {
    return database.prepare<[], number>('SELECT count(*) FROM links').pluck().get() ?? 0;
  } finally {
    database.close();
  }
}
