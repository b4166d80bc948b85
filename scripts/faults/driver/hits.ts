import { setTimeout as delay } from 'node:timers/promises';
import type { WorldNode } from '../world/world.ts';
import type { Chance } from './chance.ts';
import type { FleetClient } from './fleet-client.ts';
import type { LinkBook } from './link-book.ts';
import { zipf } from './zipf.ts';

const timeoutMs = 3_000;
/** After a hit without an answer: whoever was killed has to come back first. */
const retryPauseMs = 50;

/** Follows links that nobody changes, at one node past the edge, until `signal` aborts. One hit after another. */
export async function hitNode(
  node: WorldNode,
  options: {
    readonly proc: string;
    readonly client: FleetClient;
    readonly book: LinkBook;
    readonly chance: Chance;
    readonly restMs: number;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { proc, client, book, chance, restMs, signal } = options;
  while (!signal.aborted) {
    const slug = zipf(book.steady, chance);
    const requestId = book.nextRequestId(slug);
    const { operation } = await client.do({
      ...{ proc, op: 'follow', key: slug, path: `/${slug}`, timeoutMs },
      door: client.doorOf(node),
      ...(requestId !== undefined && { requestId }),
    });
    await delay(operation.type === 'ok' ? restMs : restMs + retryPauseMs);
  }
}
