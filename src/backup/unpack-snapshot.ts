import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseFault } from '../domain/database-facts.ts';
import { type DatabaseName, databaseNames } from '../domain/database-name.ts';
import { syncPath } from '../sync-path.ts';
import type { BackupStore } from './backup-store.ts';
import { fetchFile } from './fetch-file.ts';
import { toNoRoom } from './full-disk.ts';
import type { DatabaseManifest, Manifest } from './manifest.ts';
import { expectRoom } from './scratch-folder.ts';
import { SnapshotFault } from './snapshot-fault.ts';

/** The files of a backup, found to be exactly what was backed up. */
export type UnpackedFiles = Readonly<{ links: string; clicks?: string }>;

/** What is needed to read a backup. */
export type Unpacking = Pick<BackupStore, 'bucket' | 'keys' | 'release' | 'schemas' | 'inspect'>;

/** How one of the databases is put at a path, complete and durable, and not checked any further. */
export type PutDatabase = (
  name: DatabaseName,
  database: DatabaseManifest,
  to: { readonly path: string; readonly title: string },
) => Promise<void>;

/** A backup, by the name that people find it by. */
export interface NamedManifest {
  readonly name: string;
  readonly manifest: Manifest;
}

/**
 * Puts the databases of a backup into a folder, as `links.db` and `clicks.db`, and makes sure that they are what the manifest says:
 * parts and files by SHA-256, then each file by SQLite's own check, its rows, their hash, its schema, and a header in DELETE mode.
 * Until all of that is found for all of them they have other names, which are removed when something is wrong; once this
 * resolves they are durable. Files that were there under these names go, once the new ones are proven.
 *
 * Rejects with a `SnapshotFault` (`damaged`; `newer` when this release does not know the schema), with a `BucketFailure`, with
 * `NoRoom` when the disk is too small or becomes full, and with other errors of the disk.
 */
export function unpackSnapshot(
  store: Unpacking,
  backup: NamedManifest,
  { folder, signal }: { readonly folder: string; readonly signal?: AbortSignal | undefined },
): Promise<UnpackedFiles> {
  return unpackWith(store, backup, folder, (_name, database, { path, title }) =>
    fetchFile(store, database, { path, title, signal }),
  );
}

/** The same for a backup that lies elsewhere than in a bucket. */
export async function unpackWith(
  store: Pick<Unpacking, 'release' | 'schemas' | 'inspect'>,
  backup: NamedManifest,
  folder: string,
  put: PutDatabase,
): Promise<UnpackedFiles> {
  const { databases, epoch } = backup.manifest;
  const wanted = databaseNames.filter((name) => databases[name] !== null);
  expectKnownSchemas(store, backup, wanted);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const sizes = wanted.map((name) => databases[name]?.bytes ?? 0);
  await expectRoom(
    folder,
    sizes.reduce((sum, bytes) => sum + bytes, 0),
  );
  const toPath = (name: DatabaseName) => join(folder, `${name}.db`);
  const toUnproven = (name: DatabaseName) => `${toPath(name)}.unproven`;
  try {
    for (const name of wanted) {
      const database = databases[name] as DatabaseManifest;
      const path = toUnproven(name);
      const title = `${name}.db of the backup ${backup.name}`;
      await put(name, database, { path, title });
      expectFacts(store.inspect, database, { path, title, epoch: name === 'links' ? epoch : null });
    }
    // What was there before goes first, so that no two backups are mixed; and the links come last: without them it is no restore.
    for (const name of databaseNames) await rm(toPath(name), { force: true });
    for (const name of wanted.toReversed()) await rename(toUnproven(name), toPath(name));
    await syncPath(folder);
  } catch (error) {
    for (const name of wanted) await rm(toUnproven(name), { force: true });
    throw toNoRoom(error, folder);
  }
  const links = toPath('links');
  return databases.clicks === null ? { links } : { links, clicks: toPath('clicks') };
}

/** Before anything is fetched: what a newer release did to the schema is not known here. */
function expectKnownSchemas(
  { release, schemas }: Pick<Unpacking, 'release' | 'schemas'>,
  { name, manifest }: NamedManifest,
  wanted: readonly DatabaseName[],
): void {
  for (const database of wanted) {
    const schema = manifest.databases[database]?.schema ?? '';
    if (Number.parseInt(schema, 10) <= Number.parseInt(schemas[database], 10)) continue;
    throw new SnapshotFault(
      'newer',
      `the backup ${name} was made by Hoplite ${manifest.release}, with the migration ${schema} of ${database}.db; this is ${release}, which knows up to ${schemas[database]}. Restore it with that release or a newer one`,
    );
  }
}

function expectFacts(
  inspect: Unpacking['inspect'],
  expected: DatabaseManifest,
  { path, title, epoch }: { path: string; title: string; epoch: number | null },
): void {
  const differ = (what: string) => new SnapshotFault('damaged', `${title} ${what}`);
  try {
    const facts = inspect(path);
    if (facts.schema !== expected.schema)
      throw differ(`has the schema ${facts.schema}, not ${expected.schema}`);
    if (facts.epoch !== epoch) throw differ(`is of epoch ${facts.epoch}, not ${epoch}`);
    for (const table of new Set([...Object.keys(facts.counts), ...Object.keys(expected.counts)])) {
      const [found = 'no', told = 'no'] = [facts.counts[table], expected.counts[table]];
      if (found !== told) throw differ(`has ${found} rows of ${table}, not ${told}`);
    }
    if (facts.contentHash !== expected.contentHash)
      throw differ('has not the rows that were backed up');
  } catch (error) {
    if (!(error instanceof DatabaseFault)) throw error;
    throw new SnapshotFault('damaged', `${title} cannot be used: ${error.message}`, {
      cause: error,
    });
  }
}
