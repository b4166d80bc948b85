import type { Logger } from 'pino';
import { createAskFleet, createAskNobody } from '../cluster/ask-fleet.ts';
import { createBookmarks, type NodeBookmarks } from '../cluster/bookmarks.ts';
import type { FleetAuth } from '../cluster/fleet-auth.ts';
import { deriveKeys } from '../cluster/fleet-key.ts';
import { createKnownNodes } from '../cluster/known-nodes.ts';
import type { OwnHistory } from '../cluster/own-history.ts';
import { createPeerClient } from '../cluster/peer-client.ts';
import type { Config } from '../config.ts';
import type { Clock } from '../domain/clock.ts';
import type { Cluster } from '../domain/cluster.ts';
import type { NodeId } from '../domain/role.ts';
import type { Rotating } from '../domain/rotating.ts';

/** So many questions to one node may be under way: each may wait there for as long as its client likes. */
const maxSocketsPerNode = 100;

/** Introduces bookmarks to this node's place in the fleet. */
export function openBookmarks(
  config: Config,
  parts: {
    readonly cluster: Cluster;
    /** Of the fleet, or of a node that runs alone. */
    readonly secrets: Rotating<string>;
    readonly auth: FleetAuth;
    readonly ownHistory: () => OwnHistory | undefined;
    readonly onCommit: (listener: () => void) => () => void;
    /** Who may become primary, as far as this node knows. */
    readonly candidates: () => readonly NodeId[];
    readonly clock: Clock;
    readonly log: Logger;
    readonly opened: AsyncDisposableStack;
  },
): NodeBookmarks {
  const { cluster, secrets, auth, opened } = parts;
  const log = parts.log.child({ room: 'cluster' });
  const askFleet =
    config.fleet === undefined
      ? createAskNobody(cluster)
      : createAskFleet({
          cluster,
          // Those who wait must not stand before short questions.
          peers: opened.use(createPeerClient({ cluster, auth, maxSockets: maxSocketsPerNode })),
          knownNodes: createKnownNodes({
            cluster,
            peerUrl: config.fleet.peerUrl,
            candidates: parts.candidates,
            log,
          }),
          log,
        });
  return createBookmarks({ ...parts, keys: deriveKeys(secrets, 'bookmark'), askFleet });
}
