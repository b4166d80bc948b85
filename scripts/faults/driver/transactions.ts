import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { parseLiteFsEvent } from '../../../src/cluster/litefs-event.ts';
import { openEventStream } from '../../../src/cluster/litefs-stream.ts';
import type { World, WorldNode } from '../world/world.ts';
import type { Journal } from './journal.ts';

const retryMs = 50;
/** Checksums of a node that are remembered; answers name younger ones. */
const maxKept = 2_000;

/** Listens to the events of every LiteFS, and notes each transaction of links.db that arrives at a node. */
export class Transactions {
  readonly #world: World;
  readonly #journal: Journal;
  readonly #checksums = new Map<string, Map<string, string>>();

  constructor(world: World, journal: Journal) {
    this.#world = world;
    this.#journal = journal;
  }

  /** The checksum of a node's links.db at a txid, where it was seen lately. */
  readonly checksumOf = (node: string, txid: string): string | undefined =>
    this.#checksums.get(node)?.get(txid);

  /** Listens until `signal` aborts. */
  async watch(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#world.nodes.map((node) => this.#watchNode(node, signal)));
  }

  async #watchNode(node: WorldNode, signal: AbortSignal): Promise<void> {
    const kept = new Map<string, string>();
    this.#checksums.set(node.id, kept);
    while (!signal.aborted) {
      try {
        const stream = await openEventStream(node.process.liteFsUrl, signal);
        const lines = createInterface({ input: stream });
        lines.on('line', (line) => this.#note(node.id, kept, line));
        stream.on('error', () => lines.close());
        await once(lines, 'close');
      } catch (error) {
        // It does not run, or is cut off.
        if (!(error instanceof Error)) throw error;
      }
      await delay(retryMs);
    }
  }

  #note(node: string, kept: Map<string, string>, line: string): void {
    const event = parseLiteFsEvent(line);
    if (event?.type !== 'tx' || event.database !== 'links.db') return;
    const { txid, checksum } = event.position;
    this.#journal.event({ event: 'tx', node, txid, checksum });
    kept.set(txid, checksum);
    const oldest = kept.keys().next();
    if (kept.size > maxKept && !oldest.done) kept.delete(oldest.value);
  }
}
