import type { Manifest } from './manifest.ts';

/** Where the manifests of backups lie. */
export const backupsPrefix = 'backups/';
/** Where the pieces of database files lie. */
export const partsPrefix = 'parts/';
/** Where it is written down which backups were restored for a trial. */
export const verifiedPrefix = 'verified/';

const pattern = /^(\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}\.\d{3}Z)-([A-Za-z0-9._-]+)-([0-9a-f]{8})$/;

/** What the name of a backup says, before anything is read. */
export interface BackupNameFacts {
  readonly takenAtMs: number;
  readonly node: string;
}

/**
 * The name of a backup, `<time>-<node>-<id>`: in the order of names is in the order of time. Signs of a node that do not belong
 * into the name of a file are replaced.
 */
export function toBackupName({
  takenAt,
  node,
  id,
}: Pick<Manifest, 'takenAt' | 'node' | 'id'>): string {
  return `${takenAt.replaceAll(':', '-')}-${node.replaceAll(/[^A-Za-z0-9._-]/g, '_')}-${id}`;
}

/** Reads a name of that form; `undefined` for another. */
export function parseBackupName(name: string): BackupNameFacts | undefined {
  const [, time, node] = pattern.exec(name) ?? [];
  if (time === undefined || node === undefined) return undefined;
  const takenAtMs = Date.parse(`${time.slice(0, 13)}:${time.slice(14, 16)}:${time.slice(17)}`);
  return Number.isNaN(takenAtMs) ? undefined : { takenAtMs, node };
}

/** The object that a backup's manifest is. */
export function toManifestKey(name: string): string {
  return `${backupsPrefix}${name}.json`;
}

/** The name of the backup whose manifest an object is by its key; `undefined` when it is none. */
export function toNameOfKey(key: string, prefix: string): string | undefined {
  if (!key.startsWith(prefix) || !key.endsWith('.json')) return undefined;
  const name = key.slice(prefix.length, -'.json'.length);
  return parseBackupName(name) === undefined ? undefined : name;
}
