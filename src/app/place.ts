import type { Logger } from 'pino';
import type { CopyPositions } from '../cluster/copy-state.ts';
import { GuardClient } from '../cluster/guard-client.ts';
import { type LiteFsCluster, startLiteFsCluster } from '../cluster/litefs-cluster.ts';
import { findMount, isFuse } from '../cluster/mount-table.ts';
import { createOwnHistory, type OwnHistory } from '../cluster/own-history.ts';
import { createStandaloneCluster } from '../cluster/standalone-cluster.ts';
import type { Config } from '../config.ts';
import type { Clock } from '../domain/clock.ts';
import type { Cluster } from '../domain/cluster.ts';
import { Failure } from '../domain/failure.ts';
import type { Stamp } from '../domain/redirect-store.ts';
import type { Reader } from '../storage/reader.ts';

/** This node's place: in a fleet as its LiteFS tells, or alone. */
export interface Place {
  readonly cluster: Cluster;
  /** Marks the state of this node's copy: its position in a fleet, SQLite's data version alone. */
  readonly stamp: Stamp;
  /** Tells of commits and replicated transactions. */
  readonly onCommit: (listener: () => void) => () => void;
  /** Calls `listener` when this node's copy is of another epoch: another primary has begun, or a backup was restored. */
  readonly onEpoch: (listener: () => void) => () => void;
  /** How far this node's copy is, all of one moment; `undefined` alone, and when it cannot be told now. */
  readonly ownHistory: () => OwnHistory | undefined;
  /** How far the copies of both databases are, read afresh. Alone nobody asks. */
  readonly readPositions: () => Promise<CopyPositions>;
  /** `undefined` where there is no guard. */
  readonly guard: GuardClient | undefined;
}

/**
 * Takes this node's place. `onDeadMount` is called when LiteFS is gone and the process has to end.
 * Rejects with `unavailable` when LiteFS's folder is a bare one.
 */
export async function takePlace(
  config: Config,
  parts: {
    readonly reader: Reader;
    readonly clock: Clock;
    readonly log: Logger;
    /** Whether this node shows a backup, and never writes. */
    readonly readsOnly: boolean;
    readonly onDeadMount: (error: Error) => void;
    readonly opened: AsyncDisposableStack;
  },
): Promise<Place> {
  const self = { node: config.node.id, region: config.node.region };
  if (config.fleet === undefined) {
    return {
      cluster: createStandaloneCluster({ ...self, readsOnly: parts.readsOnly }),
      stamp: () => parts.reader.dataVersion(),
      onCommit: () => () => undefined,
      onEpoch: () => () => undefined,
      ownHistory: () => undefined,
      readPositions: async () => ({ links: undefined, clicks: undefined }),
      guard: undefined,
    };
  }
  await expectMount(config.fleet.litefsDir);
  const log = parts.log.child({ room: 'cluster' });
  const litefs: LiteFsCluster = parts.opened.use(
    await startLiteFsCluster({
      ...self,
      ...config.fleet,
      log,
      onDeadMount: parts.onDeadMount,
    }),
  );
  const onCommit: Place['onCommit'] = (listener) => litefs.onCommit(listener);
  const ownHistory = createOwnHistory({
    cluster: litefs,
    readEpochs: () => parts.reader.epochs(),
  });
  const progress = () => {
    const own = ownHistory();
    return own && { epoch: own.epoch, txid: own.txid };
  };
  const { guardUrl } = config.fleet;
  const guard =
    guardUrl === undefined
      ? undefined
      : parts.opened.use(
          new GuardClient({ guardUrl, progress, onCommit, clock: parts.clock, log }),
        );
  return {
    cluster: litefs,
    stamp() {
      const position = litefs.position();
      return position && `${position.txid}/${position.checksum}`;
    },
    onCommit,
    onEpoch: createOnEpoch(onCommit, () => ownHistory()?.epoch),
    ownHistory,
    readPositions: () => litefs.readPositions(),
    guard,
  };
}

/** Looks at the epoch after each transaction; what cannot be told now is told after the next one. */
function createOnEpoch(
  onCommit: Place['onCommit'],
  readEpoch: () => number | undefined,
): Place['onEpoch'] {
  return (listener) => {
    let known = readEpoch();
    return onCommit(() => {
      const epoch = readEpoch();
      if (epoch === undefined || epoch === known) return;
      known = epoch;
      listener();
    });
  };
}

/**
 * A bare folder has no position, so nothing would tell that a database in it, an old copy or one that this node
 * makes as primary, belongs to no fleet: its links would be redirected for ever as they are there.
 */
async function expectMount(litefsDir: string): Promise<void> {
  const mount = await findMount(litefsDir);
  if (mount === 'unknown' || (mount !== undefined && isFuse(mount))) return;
  throw new Failure(
    'unavailable',
    `LiteFS is not mounted at ${litefsDir} (LITEFS_DIR). Set it to fuse.dir of litefs.yml, and let LiteFS start Hoplite.`,
  );
}
