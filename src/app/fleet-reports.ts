import type { Logger } from 'pino';
import { type AskReports, createAskReports } from '../cluster/ask-reports.ts';
import type { FleetAuth } from '../cluster/fleet-auth.ts';
import type { GuardClient } from '../cluster/guard-client.ts';
import { createKnownNodes } from '../cluster/known-nodes.ts';
import { createPeerClient } from '../cluster/peer-client.ts';
import type { Config } from '../config.ts';
import type { Clock } from '../domain/clock.ts';
import type { Cluster } from '../domain/cluster.ts';
import type { NodeId } from '../domain/role.ts';
import type { GuardState } from '../http/node-status.ts';

/** Introduces the status page to the other nodes of the fleet. Alone there are none. */
export function openFleetReports(
  config: Config,
  parts: {
    readonly cluster: Cluster;
    readonly auth: FleetAuth;
    readonly candidates: () => readonly NodeId[];
    readonly log: Logger;
    readonly opened: AsyncDisposableStack;
  },
): AskReports {
  const { cluster, auth, candidates, opened } = parts;
  if (config.fleet === undefined) return async () => [];
  const log = parts.log.child({ room: 'cluster' });
  const { peerUrl } = config.fleet;
  return createAskReports({
    node: cluster.node,
    // Connections of its own: a node that hangs must not keep clicks and positions waiting.
    peers: opened.use(createPeerClient({ cluster, auth })),
    knownNodes: createKnownNodes({ cluster, peerUrl, candidates, log }),
    log,
  });
}

/** What the status tells of this machine's guard; `undefined` without one, or when it does not answer. */
export function readGuardState(
  guard: GuardClient | undefined,
  clock: Pick<Clock, 'monotonicMs'>,
): GuardState | undefined {
  const view = guard?.view();
  if (view === undefined) return undefined;
  const { isCandidate, candidates, consulAnsweredAtMs, mark } = view;
  return {
    isCandidate,
    candidates: candidates.map(({ node }) => node),
    consulAnsweredMsAgo:
      consulAnsweredAtMs === undefined ? undefined : clock.monotonicMs() - consulAnsweredAtMs,
    mark: mark && { epoch: mark.epoch, txid: mark.txid, node: mark.node },
  };
}
