import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openBackupStore, openFileStore } from '../../app/backup-stores.ts';
import { openS3Bucket } from '../../backup/bucket/open-bucket.ts';
import type { Manifest } from '../../backup/manifest.ts';
import { unpackFile } from '../../backup/one-file.ts';
import { restoreNewest } from '../../backup/restore-newest.ts';
import type { Unpacking } from '../../backup/unpack-snapshot.ts';
import { type Config, ConfigError, readConfig } from '../../config.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../refusal.ts';
import { toSecond } from '../time.ts';
import { download } from './download.ts';
import { expectBackups } from './expect-backups.ts';
import { findPlace, type NamedPlace } from './find-place.ts';
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
  /**
   * Puts `links.db`, and `clicks.db` where there are counts, into a folder, proven and in mode DELETE. Rejects with a
   * sentence, also where there is no room for them.
   */
  unpackInto(folder: string): Promise<Unpacked>;
}

/** What may be said of the backup that is meant. */
export interface SourceChoice {
  /** The newest of then or before. */
  readonly at?: Date | undefined;
  /** A folder or bucket in place of `BACKUP_URL`, or a backup in one file. */
  readonly from?: string | undefined;
  /** Whether one file on this machine's disk has to be signed too: what comes from elsewhere always has to be. */
  readonly mustBeSigned?: boolean;
}

/** Finds what is meant. Throws a `Refusal` where that is nothing. */
export function openRestoreSource(
  context: Context,
  config: Config,
  { at, from, mustBeSigned = false }: SourceChoice,
): RestoreSource {
  const place = from === undefined ? undefined : findPlace(from);
  if (place === undefined || place.is === 'backups') {
    const store = openBackupStore(
      expectBackups(place === undefined ? config : readConfigFor(context, place.url)),
    );
    return {
      unpackInto: (folder) => tellPerson(() => unpackNewest(store, { folder, at, context })),
    };
  }
  if (at !== undefined) throw new Refusal('--at is for many backups; one file is of one moment');
  const store = openFileStore(config);
  const allowUnsigned = place.is === 'file' && !mustBeSigned;
  if (!allowUnsigned && store.keys === undefined) {
    throw new Refusal('BACKUP_KEY is not set, so nobody can tell who made this backup');
  }
  return {
    unpackInto: (folder) =>
      tellPerson(async () => {
        await using file = await fetchInto(folder, place, context);
        const { path, title } = file;
        const { manifest } = await unpackFile(store, path, { folder, allowUnsigned, title });
        return describe(manifest);
      }),
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
  return describe(restored.manifest);
}

function describe({ takenAt, clusterId }: Manifest): Unpacked {
  const whose = clusterId === null ? 'a machine alone' : clusterId;
  return { words: `the backup of ${toSecond(takenAt)} (${whose})`, takenAt };
}

/** The one file where it can be read; what was brought there for that goes with the result. */
async function fetchInto(
  folder: string,
  place: Exclude<NamedPlace, { readonly is: 'backups' }>,
  context: Context,
): Promise<AsyncDisposable & { readonly path: string; readonly title: string }> {
  if (place.is === 'file') {
    return { path: place.path, title: place.path, async [Symbol.asyncDispose]() {} };
  }
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'fetched.db');
  let title: string;
  if (place.is === 'web') {
    title = `${place.url.origin}${place.url.pathname}`;
    await download(place, path);
  } else {
    title = `${place.bucketUrl}/${place.key}`;
    const bucket = openS3Bucket(expectBackups(readConfigFor(context, place.bucketUrl)));
    const request = await bucket.signRead(place.key);
    if (request === undefined) throw new Refusal(`${bucket.name} has no ${place.key}`);
    await download(request, path);
  }
  return { path, title, [Symbol.asyncDispose]: () => rm(path, { force: true }) };
}

/** The configuration as if that were `BACKUP_URL`: the same keys, and access to that bucket. */
function readConfigFor({ env }: Context, url: string): Config {
  try {
    return readConfig({ ...env, BACKUP_URL: url });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new Refusal(`${url} cannot be read: ${error.message}`, { cause: error });
  }
}
