import type { EdgeErrorCode } from './edge-error.ts';

/** What the edge has done so far, for a test to read. A hop is one replay that a node asked for. */
export interface CounterValues {
  /** Requests that clients sent, upgrades included. */
  readonly requests: number;
  /** Requests sent to each node, the first delivery, replays and fallbacks alike. */
  readonly deliveries: Readonly<Record<string, number>>;
  /** Hops of all requests, those included whose target could not be reached. */
  readonly replays: number;
  /** Most hops that one request took. */
  readonly maxHops: number;
  /** Requests that went back to the node that had asked for a replay, because its target could not be reached. */
  readonly fallbacks: number;
  /** Connections to a node that did not come about. */
  readonly failedConnections: number;
  /** Answers of the edge itself, by Fly's code. */
  readonly errors: Readonly<Partial<Record<EdgeErrorCode, number>>>;
}

/** Counts what the edge does. */
export class Counters {
  #values = noCounts();

  /** A copy of the counts as they are now. */
  read(): CounterValues {
    return structuredClone(this.#values);
  }

  /** Starts again from nothing. */
  reset(): void {
    this.#values = noCounts();
  }

  /** A client's request came in. */
  countRequest(): void {
    this.#values.requests++;
  }

  /** A request goes out on a connection to a node. */
  countDelivery(node: string, kind: 'first' | 'replay' | 'fallback'): void {
    const { deliveries } = this.#values;
    deliveries[node] = (deliveries[node] ?? 0) + 1;
    if (kind === 'fallback') this.#values.fallbacks++;
  }

  /** A node asked for a replay: the hop of that number of its request. */
  countHop(hop: number): void {
    this.#values.replays++;
    this.#values.maxHops = Math.max(this.#values.maxHops, hop);
  }

  /** A node could not be connected to. */
  countFailedConnection(): void {
    this.#values.failedConnections++;
  }

  /** The edge answered by itself. */
  countError(code: EdgeErrorCode): void {
    this.#values.errors[code] = (this.#values.errors[code] ?? 0) + 1;
  }
}

function noCounts() {
  return {
    requests: 0,
    deliveries: {} as Record<string, number>,
    replays: 0,
    maxHops: 0,
    fallbacks: 0,
    failedConnections: 0,
    errors: {} as Partial<Record<EdgeErrorCode, number>>,
  };
}
