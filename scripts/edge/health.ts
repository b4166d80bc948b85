import { get } from 'node:http';
import type { EdgeClock } from './edge-clock.ts';
import type { EdgeNode } from './edge-node.ts';
import type { Faults } from './faults.ts';
import type { Inventory } from './inventory.ts';

/** How nodes are asked whether they can take requests. */
export interface HealthOptions {
  /** The path that answers 2xx when a node can take requests. */
  readonly path: string;
  /** Pause between two checks of a node, in milliseconds; `Infinity` leaves checking to `checkNow`. */
  readonly intervalMs: number;
  /** How long an answer may take, in milliseconds. */
  readonly timeoutMs: number;
}

/**
 * Checks all nodes, each at its own pace. As on Fly, the check is the platform's, not one edge's: it does
 * not cross the simulated links, so a partition of an edge does not make a node unhealthy.
 */
export class HealthChecks {
  readonly #inventory: Inventory;
  readonly #faults: Faults;
  readonly #clock: EdgeClock;
  readonly #options: HealthOptions;
  readonly #stop = new AbortController();
  readonly #next = new Map<EdgeNode, () => void>();

  constructor(inventory: Inventory, faults: Faults, clock: EdgeClock, options: HealthOptions) {
    this.#inventory = inventory;
    this.#faults = faults;
    this.#clock = clock;
    this.#options = options;
  }

  /** Checks a node now and, at the interval, for as long as it is in the inventory. */
  async watch(node: EdgeNode): Promise<void> {
    if (this.#stop.signal.aborted || !this.#inventory.nodes().includes(node)) return;
    await this.#check(node);
    const { intervalMs } = this.#options;
    if (!this.#stop.signal.aborted && intervalMs !== Infinity) {
      this.#next.set(
        node,
        this.#clock.after(intervalMs, () => {
          this.#next.delete(node);
          void this.watch(node);
        }),
      );
    }
  }

  /** Checks every node once, and resolves when all have answered or not. */
  async checkNow(): Promise<void> {
    await Promise.all(this.#inventory.nodes().map((node) => this.#check(node)));
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
    for (const cancel of this.#next.values()) cancel();
  }

  async #check(node: EdgeNode): Promise<void> {
    const healthy = this.#faults.state(node.id) === 'started' && (await this.#answers(node));
    if (!this.#faults.healthFrozen && !this.#stop.signal.aborted) {
      this.#inventory.checked(node, healthy);
    }
  }

  #answers(node: EdgeNode): Promise<boolean> {
    const limit = new AbortController();
    const cancel = this.#clock.after(this.#options.timeoutMs, () => limit.abort());
    const signal = AbortSignal.any([limit.signal, this.#stop.signal]);
    return new Promise<boolean>((resolve) => {
      const request = get(new URL(this.#options.path, node.url), { agent: false, signal });
      request.on('error', () => resolve(false));
      request.on('response', (answer) => {
        const status = answer.statusCode ?? 0;
        resolve(status >= 200 && status < 300);
        answer.on('error', () => undefined).resume();
      });
    }).finally(cancel);
  }
}
