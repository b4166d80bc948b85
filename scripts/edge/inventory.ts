import type { EdgeNode, NodeView } from './edge-node.ts';
import type { Faults } from './faults.ts';
import type { Candidate } from './target.ts';

interface Entry {
  readonly node: EdgeNode;
  /** What the last health check said; false before the first. */
  healthy: boolean;
  lastPicked: number;
}

/** The nodes that the edge knows, of its own app and of others. */
export class Inventory {
  readonly app: string;
  readonly #faults: Faults;
  readonly #entries = new Map<string, Entry>();
  #picks = 0;

  constructor(app: string, faults: Faults) {
    this.app = app;
    this.#faults = faults;
  }

  /** Adds a node, unhealthy until its first check. Throws when the id is taken or the URL is not plain HTTP. */
  add(node: EdgeNode): void {
    if (this.#entries.has(node.id)) throw new Error(`node ${node.id} is already there`);
    if (new URL(node.url).protocol !== 'http:') throw new Error(`${node.url} is not an http URL`);
    this.#entries.set(node.id, { node, healthy: false, lastPicked: 0 });
  }

  /** Forgets a node; requests that it has already are left to finish. */
  remove(id: string): void {
    this.#entries.delete(id);
  }

  /** Whether an app has ever a chance: it is the edge's own, or some node belongs to it. */
  hasApp(app: string): boolean {
    return app === this.app || this.list().some((node) => node.app === app);
  }

  /** A node as it is now, `undefined` when it is not known. */
  find(id: string): NodeView | undefined {
    const entry = this.#entries.get(id);
    return entry === undefined ? undefined : this.#toView(entry);
  }

  /** All nodes, in the order they were added. */
  list(): readonly NodeView[] {
    return [...this.#entries.values()].map((entry) => this.#toView(entry));
  }

  /** All nodes with their turn, for choosing among them. */
  candidates(): readonly Candidate[] {
    return [...this.#entries.values()].map((entry) => ({
      node: this.#toView(entry),
      lastPicked: entry.lastPicked,
    }));
  }

  /** Notes that a node takes a request now, so that its neighbours have the next ones. */
  picked(id: string): void {
    const entry = this.#entries.get(id);
    if (entry !== undefined) entry.lastPicked = ++this.#picks;
  }

  /** Notes the outcome of a health check of exactly this node. */
  checked(node: EdgeNode, healthy: boolean): void {
    const entry = this.#entries.get(node.id);
    if (entry?.node === node) entry.healthy = healthy;
  }

  /** The nodes as they were added, for checking them. */
  nodes(): readonly EdgeNode[] {
    return [...this.#entries.values()].map(({ node }) => node);
  }

  #toView({ node, healthy }: Entry): NodeView {
    return {
      id: node.id,
      region: node.region,
      url: node.url,
      app: node.app ?? this.app,
      state: this.#faults.state(node.id),
      healthy: this.#faults.pinnedHealth(node.id) ?? healthy,
    };
  }
}
