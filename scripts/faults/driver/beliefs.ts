import { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { EventOf } from '../history.ts';
import type { World, WorldNode } from '../world/world.ts';
import { ask } from './ask.ts';
import type { Journal } from './journal.ts';

const calmMs = 100;
/** While no node takes writes: 100 times a second, as far as nodes answer. */
const electionMs = 10;
const timeoutMs = 1_000;

const status = z.object({
  role: z.enum(['joining', 'replica', 'primary', 'detached']),
  epoch: z.number().nullable(),
  writerOpen: z.boolean(),
});
const info = z.object({ isPrimary: z.boolean() });

type Belief = Pick<EventOf<'believes'>, 'role' | 'takesWrites' | 'liteFsPrimary'>;

/** Asks every node all the time who it believes to be, and notes each change. */
export class Beliefs {
  readonly #world: World;
  readonly #journal: Journal;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #takesWrites = new Map<string, boolean>();
  readonly #primaries = new Map<number, string>();
  #primary: WorldNode | undefined;

  constructor(world: World, journal: Journal) {
    this.#world = world;
    this.#journal = journal;
  }

  /** The node that took writes when it was asked last. */
  get primary(): WorldNode | undefined {
    return this.#primary;
  }

  /** The node that was primary in an epoch, where it has said so. */
  readonly primaryOf = (epoch: number): string | undefined => this.#primaries.get(epoch);

  /** Asks until `signal` aborts. */
  async watch(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#world.nodes.map((node) => this.#watchNode(node, signal)));
    this.#agent.destroy();
  }

  async #watchNode(node: WorldNode, signal: AbortSignal): Promise<void> {
    let last = '';
    let samples = 0;
    let epoch = 0;
    while (!signal.aborted) {
      const askedAt = this.#journal.now();
      const [app, liteFs] = await Promise.all([
        this.#read(`${node.process.privateUrl}/status`, status),
        this.#read(`${node.process.liteFsUrl}/info`, info),
      ]);
      const belief: Belief = {
        role: app?.role ?? null,
        takesWrites: app?.writerOpen ?? null,
        liteFsPrimary: liteFs?.isPrimary ?? null,
      };
      samples += 1;
      const text = JSON.stringify(belief);
      if (text !== last) {
        last = text;
        this.#journal.event({ event: 'believes', node: node.id, askedAt, ...belief, samples });
        samples = 0;
      }
      this.#takesWrites.set(node.id, belief.takesWrites ?? false);
      if (app?.writerOpen) {
        this.#primary = node;
        if (app.epoch !== null && app.epoch !== epoch) {
          epoch = app.epoch;
          this.#primaries.set(epoch, node.id);
          this.#journal.event({ event: 'primary', node: node.id, epoch });
        }
      }
      const isElection = ![...this.#takesWrites.values()].some(Boolean);
      await delay(isElection ? electionMs : calmMs);
    }
  }

  async #read<T>(url: string, schema: z.ZodType<T>): Promise<T | undefined> {
    try {
      const answer = await ask(url, { timeoutMs, agent: this.#agent });
      return schema.safeParse(JSON.parse(answer.body)).data;
    } catch (error) {
      // No answer, or half of one: the node is ending, or cut off.
      if (error instanceof Error) return undefined;
      throw error;
    }
  }
}
