import type { Logger } from 'pino';
import { AcknowledgedWriter } from '../cluster/acknowledged-writer.ts';
import { Acknowledger } from '../cluster/acknowledger.ts';
import { createAskCopy } from '../cluster/copy-state.ts';
import type { GuardClient } from '../cluster/guard-client.ts';
import { LeaseFence } from '../cluster/lease-fence.ts';
import type { PeerClient } from '../cluster/peer-client.ts';
import type { ClosableWriter } from '../cluster/primary-writer.ts';
import type { Config } from '../config.ts';
import type { Clock } from '../domain/clock.ts';
import type { Cluster } from '../domain/cluster.ts';
import type { Durability } from '../domain/durability.ts';
import type { WriteState } from '../http/node-status.ts';
import type { OpenWriter } from '../storage/writer.ts';

/** What the acknowledgement of writes tells of itself. */
export interface AcknowledgementFigures {
  /** `undefined` when there is none that counts. */
  readonly otherCandidate: string | undefined;
  readonly isBreakerOpen: boolean;
  readonly waiting: number;
  /** `undefined` where there is no guard. */
  readonly isFenceOpen: boolean | undefined;
}

/** How the writes of this node's writers are acknowledged. */
export interface AcknowledgedWrites {
  /** Makes a writer wait for the other candidate, where there is a guard that names it. */
  readonly wrap: (writer: OpenWriter) => ClosableWriter;
  /** Whether nobody else can hold the lease; always, without a guard. */
  readonly mayWrite: () => boolean;
  readonly state: () => WriteState;
  readonly figures: () => AcknowledgementFigures;
}

/** Starts it. What it holds is closed by `opened`. */
export function startAcknowledging(
  config: Config,
  parts: {
    readonly guard: GuardClient | undefined;
    readonly cluster: Cluster;
    readonly peers: PeerClient;
    readonly clock: Clock;
    /** Hears what became of each write that took effect. */
    readonly observe: (durability: Durability, waitedMs: number) => void;
    readonly log: Logger;
    readonly opened: AsyncDisposableStack;
  },
): AcknowledgedWrites {
  const { guard, cluster, clock, observe, opened } = parts;
  const log = parts.log.child({ room: 'cluster' });
  const isPrimary = () => cluster.role().is === 'primary';
  if (guard === undefined) {
    return {
      wrap: (writer) => writer,
      mayWrite: () => true,
      state: () => ({
        durability: isPrimary() ? 'local' : undefined,
        otherCandidate: undefined,
        lease: undefined,
      }),
      figures: () => ({
        otherCandidate: undefined,
        isBreakerOpen: isPrimary(),
        waiting: 0,
        isFenceOpen: undefined,
      }),
    };
  }
  const fence = opened.use(new LeaseFence({ guard, cluster, clock }));
  const acknowledger = opened.use(
    new Acknowledger({ guard, askCopy: createAskCopy({ peers: parts.peers, log }), clock, log }),
  );
  const isStrict = config.fleet?.durability === 'strict';
  return {
    wrap: (writer) => new AcknowledgedWriter({ writer, acknowledger, fence, isStrict, observe }),
    mayWrite: () => fence.isOpen,
    state() {
      const lease = guard.view()?.lease;
      const now = acknowledger.keepsUp ? 'replicated' : 'local';
      return {
        durability: isPrimary() && fence.isOpen ? now : undefined,
        otherCandidate: acknowledger.otherCandidate,
        lease: lease && {
          holder: lease.holder,
          isOurs: lease.isOurs,
          renewedMsAgo: lease.renewedAtMs && clock.monotonicMs() - lease.renewedAtMs,
        },
      };
    },
    figures: () => ({
      otherCandidate: acknowledger.otherCandidate,
      isBreakerOpen: isPrimary() && !acknowledger.keepsUp,
      waiting: acknowledger.waiting,
      isFenceOpen: fence.isOpen,
    }),
  };
}
