import { join } from 'node:path';
import type { Logger } from 'pino';
import { type BackupFigures, BackupLoop, type BackupPeer } from '../backup/backup-loop.ts';
import { createBackupProcess } from '../backup/backup-process.ts';
import type { Config } from '../config.ts';
import type { Clock } from '../domain/clock.ts';
import type { Cluster } from '../domain/cluster.ts';
import type { Random } from '../domain/random.ts';
import type { Stamp } from '../domain/redirect-store.ts';
import type { AskReports } from '../http/fleet-status.ts';
import { type BackupState, type GuardState, nodeStatusSchema } from '../http/node-status.ts';

/** The making of backups on this node. */
export interface Backups {
  /** `undefined` where no backups are made. */
  figures(): BackupFigures | undefined;
  /** The same for the status. */
  state(): BackupState | undefined;
  /**
   * How long clicks that are counted stay on this node at least, milliseconds: a good backup may not have them yet.
   * 0 where no backups are made.
   */
  heldForMs(): number;
}

const commandLine = join(import.meta.dirname, '../cli/hoplite.ts');
/** A batch may have been sealed so long before it was counted, and so before the backup that has it. */
const countedWithinMs = 3_600_000;

/** What matters of another node's status; one of another release may say nothing of backups. */
const toldSchema = nodeStatusSchema.pick({ role: true, guard: true }).extend({
  guard: nodeStatusSchema.shape.guard.default(null),
  backup: nodeStatusSchema.shape.backup.default(null),
});

/** Starts the making of backups, if there is a place for them. It ends with `opened`. */
export function startBackups(
  backup: Config['backup'],
  parts: {
    readonly cluster: Cluster;
    readonly isAlone: boolean;
    readonly stamp: Stamp;
    readonly guardState: () => GuardState | undefined;
    readonly askReports: AskReports;
    readonly clock: Clock;
    readonly random: Random;
    readonly log: Logger;
    readonly opened: AsyncDisposableStack;
  },
): Backups {
  if (backup === undefined) {
    return { figures: () => undefined, state: () => undefined, heldForMs: () => 0 };
  }
  const { cluster, guardState, askReports, clock, random, opened } = parts;
  const log = parts.log.child({ room: 'backup' });

  async function listNodes(): Promise<readonly BackupPeer[]> {
    const told = await askReports();
    return [ownNode(), ...told.flatMap(({ node, told: status }) => toPeer(node, status) ?? [])];
  }

  function ownNode(): BackupPeer {
    return {
      node: cluster.node,
      role: cluster.role().is,
      isCandidate: guardState()?.isCandidate,
      hasBucket: true,
      isFailing: loop.figures().isFailing,
      ages: undefined,
    };
  }

  const loop = opened.use(
    new BackupLoop({
      node: cluster.node,
      intervalMs: backup.intervalMs,
      clicksIntervalMs: backup.clicksIntervalMs,
      listNodes,
      stamp: parts.stamp,
      run: createBackupProcess({ file: commandLine, isAlone: parts.isAlone }),
      clock,
      random,
      log,
    }),
  );
  log.info({ to: backup.url, intervalMs: backup.intervalMs }, 'backups are made');
  return {
    figures: () => loop.figures(),
    state: () => toState(loop.figures()),
    heldForMs() {
      const { verifiedClicksAgeMs } = loop.figures().ages;
      return verifiedClicksAgeMs === null
        ? Number.POSITIVE_INFINITY
        : verifiedClicksAgeMs + countedWithinMs;
    },
  };
}

function toPeer(node: string, told: unknown): BackupPeer | undefined {
  const { data } = toldSchema.safeParse(told);
  if (data === undefined) return undefined;
  const { role, guard, backup } = data;
  return {
    node,
    role,
    isCandidate: guard?.isCandidate,
    hasBucket: backup !== null,
    isFailing: backup?.isFailing ?? false,
    ages: backup ?? undefined,
  };
}

function toState({ isOurTurn, isFailing, ages, unsavedMs, trouble }: BackupFigures): BackupState {
  const round = (ms: number | null) => (ms === null ? null : Math.round(ms));
  return {
    isOurTurn,
    isFailing,
    newestAgeMs: round(ages.newestAgeMs),
    clicksAgeMs: round(ages.clicksAgeMs),
    verifiedAgeMs: round(ages.verifiedAgeMs),
    verifiedClicksAgeMs: round(ages.verifiedClicksAgeMs),
    unsavedMs: Math.round(unsavedMs),
    failure: trouble === undefined ? null : { kind: trouble.kind, why: trouble.why },
  };
}
