import { boundedPowerLoss } from './clicks/bounded-power-loss.ts';
import { countingCostsNothing } from './clicks/counting-costs-nothing.ts';
import { destroyedVolume } from './clicks/destroyed-volume.ts';
import { exactOverClone } from './clicks/exact-over-clone.ts';
import { exactOverFailover } from './clicks/exact-over-failover.ts';
import { exactOverRestore } from './clicks/exact-over-restore.ts';
import { gapIsRefused } from './clicks/gap-is-refused.ts';
import { noDoubleCount } from './clicks/no-double-count.ts';
import { noLostClick } from './clicks/no-lost-click.ts';
import { noPhantomClicks } from './clicks/no-phantom-clicks.ts';
import { toldDrops } from './clicks/told-drops.ts';
import { cleanLogs } from './fleet/clean-logs.ts';
import { deadMountIsNoticed } from './fleet/dead-mount-is-noticed.ts';
import { deployFailsNothing } from './fleet/deploy-fails-nothing.ts';
import { emptyVolumeFollows } from './fleet/empty-volume-follows.ts';
import { endsInOrder } from './fleet/ends-in-order.ts';
import { failedMigrationStops } from './fleet/failed-migration-stops.ts';
import { handoffDrains } from './fleet/handoff-drains.ts';
import { migratedOnce } from './fleet/migrated-once.ts';
import { oneBeliever } from './fleet/one-believer.ts';
import { oneCluster } from './fleet/one-cluster.ts';
import { outageBounds } from './fleet/outage-bounds.ts';
import { redirectsGoOn } from './fleet/redirects-go-on.ts';
import type { Invariant } from './invariant.ts';
import { equalCopies } from './links/equal-copies.ts';
import { idempotentCreates } from './links/idempotent-creates.ts';
import { localIsTold } from './links/local-is-told.ts';
import { lostBookmarks } from './links/lost-bookmarks.ts';
import { monotonicReads } from './links/monotonic-reads.ts';
import { noLyingCommit } from './links/no-lying-commit.ts';
import { noPhantom } from './links/no-phantom.ts';
import { noReplayLoops } from './links/no-replay-loops.ts';
import { noStaleWinner } from './links/no-stale-winner.ts';
import { oneChain } from './links/one-chain.ts';
import { readYourWrites } from './links/read-your-writes.ts';
import { replicaNeverWrites } from './links/replica-never-writes.ts';
import { replicatedSurvives } from './links/replicated-survives.ts';
import { uniqueSlugs } from './links/unique-slugs.ts';

/** All that a fault run decides, in the order of the report. */
export const invariants: readonly Invariant[] = [
  replicatedSurvives,
  localIsTold,
  noLyingCommit,
  noStaleWinner,
  oneChain,
  replicaNeverWrites,
  noReplayLoops,
  noPhantom,
  readYourWrites,
  monotonicReads,
  idempotentCreates,
  uniqueSlugs,
  lostBookmarks,
  equalCopies,
  noDoubleCount,
  noPhantomClicks,
  noLostClick,
  boundedPowerLoss,
  destroyedVolume,
  exactOverFailover,
  exactOverRestore,
  exactOverClone,
  gapIsRefused,
  toldDrops,
  countingCostsNothing,
  redirectsGoOn,
  oneBeliever,
  outageBounds,
  handoffDrains,
  endsInOrder,
  migratedOnce,
  deployFailsNothing,
  failedMigrationStops,
  emptyVolumeFollows,
  oneCluster,
  deadMountIsNoticed,
  cleanLogs,
];
