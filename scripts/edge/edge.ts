import { Counters, type CounterValues } from './counters.ts';
import { type EdgeClock, systemClock } from './edge-clock.ts';
import type { EdgeNode, NodeView } from './edge-node.ts';
import { Faults } from './faults.ts';
import { HealthChecks, type HealthOptions } from './health.ts';
import { Inventory } from './inventory.ts';
import { defaultKnobs, type Knobs } from './knobs.ts';
import { type LatencyTable, realisticLatency } from './latency-table.ts';
import { type ListenAddress, Listener } from './listener.ts';
import type { Answered } from './reach.ts';

/** What an edge is started with; all but the regions has a default. */
export interface EdgeOptions {
  /** One listener for each of these. */
  readonly regions: readonly string[];
  /** Where each region listens; a free port of 127.0.0.1 when left out. */
  readonly listen?: Readonly<Record<string, ListenAddress>>;
  readonly nodes?: readonly EdgeNode[];
  /** What links between regions cost. Left out, they cost nothing. */
  readonly latency?: LatencyTable | undefined;
  /** What decides which node is the nearest; `latency` or else realistic figures when left out. */
  readonly distances?: LatencyTable;
  /** Name of the app whose nodes these are. */
  readonly app?: string;
  readonly health?: Partial<HealthOptions>;
  readonly knobs?: Partial<Knobs>;
  readonly clock?: EdgeClock;
  /** Told of each answer of a node that goes to a client. */
  readonly onAnswer?: (answered: Answered) => void;
}

/** A running emulation of Fly's proxy: the edges of several regions before the same nodes. */
export interface Edge extends AsyncDisposable {
  /** Origin of each region's edge, such as `http://127.0.0.1:40123`. */
  readonly urls: Readonly<Record<string, string>>;
  /** Adds a node; it gets requests once a health check has succeeded. Throws when the id is taken. */
  addNode(node: EdgeNode): void;
  /** Takes a node out. What it is answering already, it may finish. */
  removeNode(id: string): void;
  /** Every node and its health as the edge sees it, in the order they were added. */
  nodes(): readonly NodeView[];
  /** Checks the health of every node once, now. */
  checkHealth(): Promise<void>;
  /** What is made to go wrong. */
  readonly faults: Faults;
  /** What Fly leaves open, and limits; may be written at any time and counts from the next request. */
  readonly knobs: Knobs;
  /** What has been done so far; a copy each time it is read. */
  readonly counters: CounterValues;
  /** Counts from nothing again. */
  resetCounters(): void;
}

/**
 * Starts the edges of all regions. They do what Fly's proxy does (docs/facts.md, "Fly's proxy"), but have no
 * replay cache. Rejects when a port cannot be bound; then nothing is left running.
 */
export async function startEdge(options: EdgeOptions): Promise<Edge> {
  await using stack = new AsyncDisposableStack();
  const clock = options.clock ?? systemClock;
  const faults = new Faults();
  const counters = new Counters();
  const knobs = { ...defaultKnobs, ...options.knobs };
  const inventory = new Inventory(options.app ?? 'hoplite', faults);
  const health = stack.use(
    new HealthChecks(inventory, faults, clock, {
      path: '/healthz',
      intervalMs: 1_000,
      timeoutMs: 1_000,
      ...options.health,
    }),
  );
  const parts = {
    inventory,
    faults,
    counters,
    knobs,
    clock,
    distances: options.distances ?? options.latency ?? realisticLatency,
    latency: options.latency,
    onAnswer: options.onAnswer,
  };
  const urls: Record<string, string> = {};
  for (const region of options.regions) {
    const listener = stack.use(new Listener(region, parts));
    const address = options.listen?.[region] ?? { host: '127.0.0.1', port: 0 };
    urls[region] = await listener.listen(address);
  }
  const addNode = (node: EdgeNode) => {
    inventory.add(node);
    void health.watch(node);
  };
  for (const node of options.nodes ?? []) addNode(node);
  const running = stack.move();
  return {
    urls,
    addNode,
    removeNode: (id) => inventory.remove(id),
    nodes: () => inventory.list(),
    checkHealth: () => health.checkNow(),
    faults,
    knobs,
    get counters() {
      return counters.read();
    },
    resetCounters: () => counters.reset(),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
