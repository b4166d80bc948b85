/** A node that the edge may send requests to: on Fly, a Machine. */
export interface EdgeNode {
  readonly id: string;
  /** Where the node runs, such as `ams`. */
  readonly region: string;
  /** Origin of the node's public port, such as `http://127.0.1.1:8080`. */
  readonly url: string;
  /** The app the node belongs to; the edge's own app when left out. */
  readonly app?: string;
}

/**
 * What the platform does with a node. `stopped` refuses connections at once and breaks those that are
 * open, `unreachable` lets every packet vanish.
 */
export type NodeState = 'started' | 'stopped' | 'unreachable';

/** A node as the edge sees it at the moment. */
export interface NodeView {
  readonly id: string;
  readonly region: string;
  readonly url: string;
  readonly app: string;
  readonly state: NodeState;
  /** Whether the last health check (or a pinned value) said so. False before the first check. */
  readonly healthy: boolean;
}
