import { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { World, WorldNode } from '../world/world.ts';
import { ask } from './ask.ts';
import type { Journal } from './journal.ts';

const everyMs = 1_000;
const timeoutMs = 1_000;

/** Reads the numbers of clicks of every node. */
export class ClickCounters {
  readonly #world: World;
  readonly #journal: Journal;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(world: World, journal: Journal) {
    this.#world = world;
    this.#journal = journal;
  }

  /** Once a second until `signal` aborts. */
  async watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await Promise.all(this.#world.nodes.map((node) => this.note(node)));
      await delay(everyMs);
    }
  }

  /** Reads those of one node now, notes them, and gives how many clicks its own copy does not count yet. */
  async note(node: WorldNode): Promise<number | undefined> {
    const metrics = await this.#read(node);
    const startedAt = metrics?.get('process_start_time_seconds');
    if (metrics === undefined || startedAt === undefined) return undefined;
    const unconfirmed = metrics.get('hoplite_clicks_unconfirmed') ?? 0;
    this.#journal.event({
      event: 'clickCounters',
      node: node.id,
      startedAt,
      unconfirmed,
      dropped: metrics.get('hoplite_clicks_dropped_total') ?? 0,
      lost: metrics.get('hoplite_clicks_lost_total') ?? 0,
      conflicts: metrics.get('hoplite_click_conflicts_total') ?? 0,
    });
    return unconfirmed;
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  /** Sums by name, over all labels; `undefined` when the node does not answer. */
  async #read(node: WorldNode): Promise<Map<string, number> | undefined> {
    try {
      const url = `${node.process.privateUrl}/metrics`;
      const { body } = await ask(url, { timeoutMs, agent: this.#agent });
      const sums = new Map<string, number>();
      for (const [, name = '', value] of body.matchAll(/^(\w+)(?:\{[^}]*\})? (\S+)$/gm)) {
        sums.set(name, (sums.get(name) ?? 0) + Number(value));
      }
      return sums;
    } catch (error) {
      if (error instanceof Error) return undefined;
      throw error;
    }
  }
}
