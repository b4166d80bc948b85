import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { restoreNewest } from '../../backup/restore-newest.ts';
import type { Unpacking } from '../../backup/unpack-snapshot.ts';
import { type Config, ConfigError, readConfig } from '../../config.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../refusal.ts';
import { toSecond } from '../time.ts';
import { expectBackups, openBackupStore } from './open-store.ts';
import { tellPerson } from './tell-person.ts';

/** What was unpacked. */
export interface Unpacked {
  /** Such as `the backup of 2026-11-20T10:00:00Z`. */
  readonly words: string;
  /** When the links were copied, ISO 8601. */
  readonly takenAt: string;
}

/** Where the files come from that are restored or shown. */
export interface RestoreSource {
  /** How much room they take at most, bytes; 0 when that is not known before. */
  readonly bytes: number;
  /**
   * Puts `links.db`, and `clicks.db` where there are counts, into a folder, proven and in mode DELETE. Rejects with a
   * sentence.
   */
  unpackInto(folder: string): Promise<Unpacked>;
}

/** What may be said of the backup that is meant. */
export interface SourceChoice {
  /** The newest of then or before. */
  readonly at?: Date | undefined;
  /** A folder or bucket in place of `BACKUP_URL`, or a snapshot in a file. */
  readonly from?: string | undefined;
}

/** Finds what is meant. Throws a `Refusal` where that is nothing. */
export function openRestoreSource(
  context: Context,
  config: Config,
  { at, from }: SourceChoice,
): RestoreSource {
  const store =
    from === undefined ? openBackupStore(expectBackups(config)) : openOther(context, from);
  return {
    bytes: 0,
    unpackInto: (folder) => tellPerson(() => unpackNewest(store, { folder, at, context })),
  };
}

async function unpackNewest(
  store: Unpacking,
  { folder, at, context }: { folder: string; at: Date | undefined; context: Context },
): Promise<Unpacked> {
  const restored = await restoreNewest(store, { folder, atMs: at?.getTime() });
  if (restored === undefined) throw new Refusal(`${store.bucket.name} has no backup at all`);
  for (const { why } of restored.passedOver) {
    context.output.note(`PASSED OVER, so what came after the next older one is lost: ${why}`);
  }
  const { takenAt, clusterId } = restored.manifest;
  const whose = clusterId === null ? 'a machine alone' : clusterId;
  return { words: `the backup of ${toSecond(takenAt)} (${whose})`, takenAt };
}

/** Backups elsewhere, read with the same keys. */
function openOther({ env }: Context, from: string): Unpacking {
  const url = toBackupUrl(from);
  try {
    return openBackupStore(expectBackups(readConfig({ ...env, BACKUP_URL: url })));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new Refusal(`${from} cannot be read: ${error.message}`, { cause: error });
  }
}

function toBackupUrl(from: string): string {
  if (from.startsWith('s3://')) return from;
  const path = from.startsWith('file://') ? fileURLToPath(from) : resolve(from);
  if (existsSync(path) && statSync(path).isDirectory()) return `file://${encodeURI(path)}`;
  throw new Refusal(`there is no ${path}`);
}
