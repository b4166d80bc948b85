import { setTimeout as delay } from 'node:timers/promises';
import type { FleetClient } from './fleet-client.ts';

/** Probes under way at the same time; while nobody can write, each of them waits. */
const maxUnderWay = 16;
const timeoutMs = 3_000;

/**
 * Writes a link every `everyMs` milliseconds, whatever became of the one before, so that a gap without writes is seen as
 * long as it is. Resolves when `signal` has aborted and the last one has its answer.
 */
export async function probeWrites(
  client: FleetClient,
  everyMs: number,
  signal: AbortSignal,
): Promise<void> {
  const idle = Array.from({ length: maxUnderWay }, (_, index) => `probe-${index + 1}`);
  const underWay = new Set<Promise<void>>();
  let number = 0;
  while (!signal.aborted) {
    const proc = idle.shift();
    if (proc !== undefined) {
      number += 1;
      const probe = write(client, proc, number).finally(() => {
        idle.push(proc);
        underWay.delete(probe);
      });
      underWay.add(probe);
    }
    await delay(everyMs);
  }
  await Promise.all(underWay);
}

async function write(client: FleetClient, proc: string, number: number): Promise<void> {
  const destination = `https://example.com/${proc}/${number}/v1`;
  const idempotencyKey = `${proc}-${number}`;
  const [door] = client.edges;
  if (door === undefined) throw new Error('there is no edge');
  await client.do({
    ...{ proc, op: 'create', key: null, door, method: 'POST', path: '/api/v1/links', timeoutMs },
    arg: { destination, idempotencyKey },
    headers: { 'Idempotency-Key': idempotencyKey },
    body: { destination },
  });
}
