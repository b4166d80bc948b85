import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Config } from '../../config.ts';
import {
  judgeLoneBackup,
  judgeLoneFolder,
  type LoneBackup,
  type LoneDecision,
  type LoneFacts,
} from '../../domain/lone-boot.ts';
import { findDatabaseState } from '../../storage/database-state.ts';
import { placeRestore } from './place-restore.ts';
import { type StagedRestore, stageBackup } from './staged-restore.ts';

/** A node must not start, and how it ends: the codes of docs/backup.md. The message is a sentence for people. */
export class BootRefused extends Error {
  override readonly name = 'BootRefused';
  readonly exitCode: number;

  constructor(decision: Extract<LoneDecision, { readonly do: 'stop' }>) {
    super(decision.sentence);
    this.exitCode = decision.exitCode;
  }
}

/** The newest backup that could be restored. */
export interface RestoredBackup {
  /** What people find it by. */
  readonly name: string;
  /** In words, what is wrong with each newer one. */
  readonly passedOver: readonly string[];
}

/** The backups of this node, for a node that starts without links. */
export interface BootBackups {
  /**
   * Puts the newest backup that verifies into a folder, as `links.db` and `clicks.db`; `undefined` when there is none.
   * Rejects with an `Error` in words, which `toLoneBackup` understands.
   */
  restoreNewest(folder: string): Promise<RestoredBackup | undefined>;
  /** What a rejection means; `undefined` when it is a defect. */
  toLoneBackup(error: unknown): LoneBackup | undefined;
}

/**
 * Before a node alone opens its databases: finishes a restore that broke off, or restores the newest backup where there
 * are no links. Whoever calls this has claimed the folder. Rejects with a `BootRefused` where the node must not start.
 */
export async function restoreOnBoot(
  { storage }: Config,
  parts: { readonly backups: BootBackups | undefined; readonly log: Logger },
): Promise<void> {
  const { backups, log } = parts;
  const restoreDir = join(storage.dataDir, 'restore');
  const files = { links: storage.linksFile, clicks: storage.clicksFile };
  const place = () => {
    const placed = placeRestore(restoreDir, files);
    if (placed.length > 0) log.warn({ placed }, 'restored files are in place');
  };
  const facts: LoneFacts = {
    links: findDatabaseState(files.links),
    clicks: findDatabaseState(files.clicks),
    awaitsRestore: existsSync(join(restoreDir, 'links.db')),
  };
  const first = judgeLoneFolder(facts);
  if (first.do === 'stop') throw new BootRefused(first);
  if (first.do !== 'ask for a backup' && existsSync(restoreDir)) place();
  if (first.do !== 'ask for a backup') return;
  const { backup, staged } = await stageNewest(restoreDir, parts);
  const second = judgeLoneBackup(backup, facts);
  if (second.do === 'stop') throw new BootRefused(second);
  if (second.do !== 'restore') {
    if (backups !== undefined) log.warn('no links here, and no backup: this is a first start');
    return;
  }
  staged?.commit();
  place();
}

async function stageNewest(
  restoreDir: string,
  { backups, log }: { readonly backups: BootBackups | undefined; readonly log: Logger },
): Promise<{ readonly backup: LoneBackup; readonly staged?: StagedRestore }> {
  if (backups === undefined) return { backup: { is: 'not kept' } };
  try {
    const startedMs = performance.now();
    log.warn('no links here: asking for a backup of them');
    const place = { stagingDir: `${restoreDir}.new`, restoreDir };
    const found = await stageBackup(place, (folder) => backups.restoreNewest(folder));
    if (found === undefined) return { backup: { is: 'none' } };
    const { staged, unpacked } = found;
    for (const why of unpacked.passedOver) log.error({ why }, 'a newer backup cannot be restored');
    const ms = Math.round(performance.now() - startedMs);
    log.warn({ backup: unpacked.name, ms }, 'backup restored');
    return { backup: { is: 'good' }, staged };
  } catch (error) {
    const backup = backups.toLoneBackup(error);
    if (backup === undefined) throw error;
    return { backup };
  }
}
