import type { IncomingMessage, ServerResponse } from 'node:http';

/** What goes with a request to the primary. */
export interface PassContext {
  readonly clientAddress: string;
  /** Which of this node's ports it came to, and there under which path. */
  readonly arrivedAt: 'public' | 'forward' | 'operator';
  /** `operator` when this node knows by a fleet signature that an operator asks, here or at another node. */
  readonly caller: 'client' | 'operator';
  /** The body, when it was already read. */
  readonly body?: Buffer;
}

/**
 * The way of a request to the primary: a replay, or a request from node to node. Answers `response`.
 * Throws `unavailable` when there is no way now, or when the request has gone far enough.
 */
export interface PrimaryRoute {
  pass(request: IncomingMessage, response: ServerResponse, context: PassContext): Promise<void>;
}
