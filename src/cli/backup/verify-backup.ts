import { openFileStore } from '../../app/backup-stores.ts';
import { rehearseRedirects } from '../../app/rehearse-redirects.ts';
import type { BackupStore } from '../../backup/backup-store.ts';
import { findBackups, readBackup, type SoundBackup } from '../../backup/list-backups.ts';
import type { Manifest } from '../../backup/manifest.ts';
import { unpackFile } from '../../backup/one-file.ts';
import { SnapshotFault } from '../../backup/snapshot-fault.ts';
import { unpackSnapshot } from '../../backup/unpack-snapshot.ts';
import { recordVerified } from '../../backup/verified-backups.ts';
import type { Config } from '../../config.ts';
import { Refusal } from '../refusal.ts';
import { openScratch } from './scratch.ts';

/** A backup that was restored for a trial and is good. */
export interface VerifiedBackup {
  readonly backup: SoundBackup;
  /** How many of its links were followed. */
  readonly followed: number;
}

/**
 * Restores a backup into a scratch folder and makes sure that it is what was backed up: every part and file by its SHA-256,
 * SQLite's own check, counts and content, and redirects as visitors would get them. Then writes that down in the bucket.
 * `undefined` when there is no backup at all. Rejects with a `SnapshotFault` when it is not good: without a name the newest
 * one is meant, and an older one that is good is no comfort.
 */
export async function verifyBackup(
  config: Config,
  store: BackupStore,
  { name, signal }: { readonly name?: string | undefined; readonly signal: AbortSignal },
): Promise<VerifiedBackup | undefined> {
  const backup = await findBackup(store, name, signal);
  if (backup === undefined) return undefined;
  await using scratch = await openScratch(config);
  const { links } = await unpackSnapshot(store, backup, { folder: scratch.path, signal });
  const followed = await rehearse(config, links, `the backup ${backup.name}`);
  await recordVerified(store, backup, { node: config.node.id, signal });
  return { backup, followed };
}

async function findBackup(
  store: BackupStore,
  name: string | undefined,
  signal: AbortSignal,
): Promise<SoundBackup | undefined> {
  const { places } = await findBackups(store, signal);
  const place = name === undefined ? places[0] : places.find((each) => each.name === name);
  if (place === undefined) {
    if (name === undefined) return undefined;
    throw new Refusal(`${store.bucket.name} has no backup ${name}; see "hoplite backup list"`);
  }
  const entry = await readBackup(store, place, signal);
  if (entry === undefined || entry.is === 'sound') return entry;
  throw entry.fault;
}

/** The same for a backup in one file, signed or not; nothing is written down of it. */
export async function verifyOneFile(
  config: Config,
  path: string,
): Promise<{ readonly manifest: Manifest; readonly isSigned: boolean; readonly followed: number }> {
  await using scratch = await openScratch(config);
  const { manifest, isSigned, files } = await unpackFile(openFileStore(config), path, {
    folder: scratch.path,
    allowUnsigned: true,
  });
  return { manifest, isSigned, followed: await rehearse(config, files.links, path) };
}

/** Gives how many links were followed. Rejects with a `SnapshotFault` when one does not lead where it should. */
async function rehearse({ http, links }: Config, file: string, title: string): Promise<number> {
  const { followed, faults } = await rehearseRedirects(file, {
    baseUrl: http.baseUrl,
    destinationPolicy: {
      ownHosts: [new URL(http.baseUrl).hostname],
      allowPrivate: links.allowPrivateDestinations,
    },
  });
  const [fault] = faults;
  if (fault === undefined) return followed;
  throw new SnapshotFault('damaged', `${title} does not redirect: ${fault}`);
}
