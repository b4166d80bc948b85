import { setTimeout as delay } from 'node:timers/promises';
import type { NodeVariant } from '../../cluster/node-process.ts';
import { until } from '../../cluster/until.ts';
import type { Chance } from '../driver/chance.ts';
import type { ClickCounters } from '../driver/click-counters.ts';
import type { FleetClient } from '../driver/fleet-client.ts';
import type { Journal } from '../driver/journal.ts';
import type { PartWatch } from '../driver/part-watch.ts';
import { type PartName, partNames, signalPart } from '../world/parts.ts';
import type { World, WorldNode } from '../world/world.ts';

/** The longest that a fleet with this design may be without a primary, with room for a busy machine. */
const electionMs = 60_000;

/** What a fault has at hand, and the ways to end and start nodes that leave a trace in the history. */
export class Stage {
  readonly world: World;
  readonly journal: Journal;
  readonly client: FleetClient;
  readonly counters: ClickCounters;
  readonly chance: Chance;
  readonly #parts: PartWatch;
  readonly #signal: AbortSignal;

  constructor(parts: {
    readonly world: World;
    readonly journal: Journal;
    readonly client: FleetClient;
    readonly counters: ClickCounters;
    readonly chance: Chance;
    readonly parts: PartWatch;
    readonly signal: AbortSignal;
  }) {
    this.world = parts.world;
    this.journal = parts.journal;
    this.client = parts.client;
    this.counters = parts.counters;
    this.chance = parts.chance;
    this.#parts = parts.parts;
    this.#signal = parts.signal;
  }

  /** The node that takes writes; waits for one. */
  primary(): Promise<WorldNode> {
    return this.world.untilPrimary();
  }

  /** The candidate that is not this one. */
  otherCandidate(node: WorldNode): WorldNode {
    const found = this.world.nodes.find(
      (each) => each.process.plan.candidate && each.id !== node.id,
    );
    if (found === undefined) throw new Error('there is one candidate only');
    return found;
  }

  /** The node that is no candidate. */
  replica(): WorldNode {
    const found = this.world.nodes.find((each) => !each.process.plan.candidate);
    if (found === undefined) throw new Error('all nodes are candidates');
    return found;
  }

  /** Waits for a node that takes writes in place of this one. */
  async untilReplaced(node: WorldNode): Promise<WorldNode> {
    return this.world.untilPrimary(node, electionMs);
  }

  /** Ends all of a node at once. */
  async kill(node: WorldNode): Promise<void> {
    this.#note(node, 'down');
    this.#parts.expectEnd(node, partNames);
    await node.process.kill();
  }

  /** Asks a node to end, as a deployment does. */
  async stop(node: WorldNode): Promise<void> {
    this.#note(node, 'down');
    await node.process.stop();
  }

  /** Kills one part of a node. Throws when there is no such process. */
  killPart(node: WorldNode, part: PartName): void {
    this.#note(node, 'down');
    this.#parts.expectEnd(node, [part]);
    this.signal(node, part, 'SIGKILL');
  }

  /** Sends a signal to one part of a node. Throws when there is no such process. */
  signal(node: WorldNode, part: PartName, signal: NodeJS.Signals): void {
    const found = this.#parts.find(node, part);
    if (found === undefined) throw new Error(`${node.id} has no ${part}`);
    signalPart(found, signal);
  }

  /** Has a part of a node that was stopped go on, if it is still there. */
  resume(node: WorldNode, part: PartName): void {
    const found = this.#parts.find(node, part);
    if (found !== undefined) signalPart(found, 'SIGCONT');
  }

  /** Starts a node if it does not run, and waits until it is up. `more` is how it differs from now on. */
  async bringUp(node: WorldNode, more: NodeVariant = {}): Promise<void> {
    if (!node.process.isRunning) await this.world.startNode(node, more);
    await this.world.untilUp(node);
    this.#note(node, 'up');
  }

  /** Waits until what is left of a node has ended by itself, as its platform would see it; then starts it again. */
  async restartOnceEnded(node: WorldNode, withinMs = 20_000): Promise<void> {
    await until(() => !node.process.isRunning, {
      what: `${node.id} ends`,
      timeoutMs: withinMs,
      signal: this.#signal,
    });
    await this.bringUp(node);
  }

  /** Lets time go by. */
  async hold(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#signal });
  }

  #note(node: WorldNode, state: 'up' | 'down'): void {
    this.journal.event({ event: 'node', node: node.id, state });
  }
}
