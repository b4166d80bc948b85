import type { Socket } from 'node:net';
import { connect } from './connect.ts';
import type { Counters } from './counters.ts';
import { type EdgeClock, wait } from './edge-clock.ts';
import { EdgeError } from './edge-error.ts';
import type { NodeView } from './edge-node.ts';
import type { Faults } from './faults.ts';
import type { Inventory } from './inventory.ts';
import type { Knobs } from './knobs.ts';
import type { LatencyTable } from './latency-table.ts';
import { type Link, linkTo } from './link.ts';
import type { ReplayFailure } from './replay-source.ts';
import { isMatch, listCandidates, type Target } from './target.ts';

/** What all requests through one edge share. */
export interface EdgeParts {
  readonly inventory: Inventory;
  readonly faults: Faults;
  readonly counters: Counters;
  readonly knobs: Knobs;
  readonly clock: EdgeClock;
  /** What decides which node is the nearest. */
  readonly distances: LatencyTable;
  /** What links cost; `undefined` for nothing. */
  readonly latency: LatencyTable | undefined;
  /** Told of each answer of a node that goes to a client. */
  readonly onAnswer: ((answered: Answered) => void) | undefined;
}

/** Who answered a request, which no client of Fly's proxy learns. */
export interface Answered {
  /** The `Fly-Request-Id` that the client gets. */
  readonly requestId: string;
  readonly node: string;
  /** How often it was replayed on the way. */
  readonly replays: number;
}

/** A connected node, or why no node that the target allows could be connected to. */
export type Reach =
  | {
      readonly is: 'reached';
      readonly node: NodeView;
      readonly link: Link;
      readonly socket: Socket;
    }
  | {
      readonly is: 'unreached';
      readonly reason: ReplayFailure;
      readonly elapsedMs: number;
      /** What a client is told when there is nobody to fall back to. */
      readonly error: EdgeError;
    };

/**
 * Connects to the best node for a target: candidates in their order, and all of them once more after a
 * pause, until `timeoutMs` or the number of attempts is used up. A connection is all it makes; nothing of
 * the request is sent, so trying another node is safe for every method.
 */
export async function reach(
  parts: EdgeParts,
  region: string,
  target: Target,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Reach> {
  const { inventory, knobs, clock } = parts;
  const startMs = clock.monotonicMs();
  const elapsedMs = () => clock.monotonicMs() - startMs;
  const unreached = (reason: ReplayFailure, error: EdgeError = noCandidate()): Reach => {
    return { is: 'unreached', reason, elapsedMs: elapsedMs(), error };
  };
  let error: EdgeError | undefined;
  let attempts = 0;
  for (;;) {
    if (!inventory.list().some((node) => isMatch(node, target))) {
      return unreached(
        'no_candidate',
        target.only === undefined ? undefined : notFound(target.only),
      );
    }
    const nodes = listCandidates(inventory.candidates(), target, { ...parts, ...knobs, region });
    if (nodes.length === 0) attempts++;
    for (const node of nodes) {
      const leftMs = timeoutMs - elapsedMs();
      if (leftMs <= 0 || attempts >= knobs.maxAttempts) break;
      attempts++;
      if (node.state === 'stopped' && knobs.autostart) parts.faults.setState(node.id, 'started');
      inventory.picked(node.id);
      const link = linkTo(node, region, parts.faults, parts.latency);
      const limitMs = Math.min(leftMs, knobs.connectTimeoutMs);
      const connection = await connect(node, link, clock, limitMs, signal);
      if (connection.is === 'connected') {
        return { is: 'reached', node, link, socket: connection.socket };
      }
      parts.counters.countFailedConnection();
      error = unconnected(node, connection.is);
    }
    const leftMs = timeoutMs - elapsedMs();
    if (leftMs <= 0) return unreached('timeout', error);
    if (attempts >= knobs.maxAttempts) {
      return unreached(error === undefined ? 'no_candidate' : 'retries_exhausted', error);
    }
    await wait(clock, Math.min(knobs.retryDelayMs, leftMs), signal);
  }
}

function noCandidate(): EdgeError {
  return new EdgeError('PR04', 503, 'no healthy node matches');
}

function notFound(node: string): EdgeError {
  return new EdgeError('PR02', 502, `there is no node ${JSON.stringify(node)}`);
}

function unconnected(node: NodeView, failure: 'refused' | 'timed out'): EdgeError {
  return failure === 'refused'
    ? new EdgeError('PC01', 502, `node ${node.id} refused the connection`)
    : new EdgeError('PC05', 504, `node ${node.id} did not answer`);
}
