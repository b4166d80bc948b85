import type { NodeState } from './edge-node.ts';

/** Everything that can be made to go wrong, by region of the edge and id of the node. Each holds until undone. */
export class Faults {
  readonly #delays = new Map<string, number>();
  readonly #cuts = new Set<string>();
  readonly #states = new Map<string, NodeState>();
  readonly #pinned = new Map<string, boolean>();
  #healthFrozen = false;
  readonly #listeners = new Set<() => void>();

  /** Adds `oneWayMs` milliseconds to each direction between the edge of a region and a node; 0 undoes it. */
  delay(region: string, node: string, oneWayMs: number): void {
    this.#delays.set(linkKey(region, node), oneWayMs);
    this.#changed();
  }

  /** Lets nothing pass between the edge of a region and a node: it neither arrives nor fails. */
  partition(region: string, node: string): void {
    this.#cuts.add(linkKey(region, node));
    this.#changed();
  }

  /** Ends a partition. What was on its way arrives. */
  heal(region: string, node: string): void {
    this.#cuts.delete(linkKey(region, node));
    this.#changed();
  }

  /** Stops or starts a node, or hides it, for all edges. The process behind it is left alone. */
  setState(node: string, state: NodeState): void {
    this.#states.set(node, state);
    this.#changed();
  }

  /** Keeps the health of all nodes as it is, whatever becomes of them, until `thawHealth`. */
  freezeHealth(): void {
    this.#healthFrozen = true;
  }

  /** Lets health checks count again, from the next one on. */
  thawHealth(): void {
    this.#healthFrozen = false;
  }

  /** Has the edge believe this of a node's health, true or not; `undefined` goes back to what checks say. */
  pinHealth(node: string, healthy: boolean | undefined): void {
    if (healthy === undefined) this.#pinned.delete(node);
    else this.#pinned.set(node, healthy);
  }

  /** Undoes all faults. */
  clear(): void {
    this.#delays.clear();
    this.#cuts.clear();
    this.#states.clear();
    this.#pinned.clear();
    this.#healthFrozen = false;
    this.#changed();
  }

  /** One-way milliseconds that `delay` added to a link. */
  delayMs(region: string, node: string): number {
    return this.#delays.get(linkKey(region, node)) ?? 0;
  }

  /** Whether a partition lies between the edge of a region and a node. */
  isPartitioned(region: string, node: string): boolean {
    return this.#cuts.has(linkKey(region, node));
  }

  /** What `setState` made of a node; `started` by default. */
  state(node: string): NodeState {
    return this.#states.get(node) ?? 'started';
  }

  /** What `pinHealth` said of a node. */
  pinnedHealth(node: string): boolean | undefined {
    return this.#pinned.get(node);
  }

  /** Whether health checks count for nothing at the moment. */
  get healthFrozen(): boolean {
    return this.#healthFrozen;
  }

  /** Calls `listener` after each change of a link or a node's state. Returns the way to stop. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

function linkKey(region: string, node: string): string {
  return JSON.stringify([region, node]);
}
