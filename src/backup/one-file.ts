import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DatabaseFault } from '../domain/database-facts.ts';
import type { SnapshotFile, SnapshotFiles } from '../domain/snapshot-file.ts';
import { syncPath } from '../sync-path.ts';
import { BackupKeys } from './backup-keys.ts';
import type { BackupStore } from './backup-store.ts';
import { type CopiedFile, toDatabaseManifest } from './copied-file.ts';
import { fetchFile } from './fetch-file.ts';
import { backupFormat, type Manifest, parseManifest } from './manifest.ts';
import { sendParts } from './send-parts.ts';
import {
  hasSignature,
  readSignedDocument,
  readUnsignedDocument,
  signDocument,
} from './signed-document.ts';
import { toBucket } from './snapshot-bucket.ts';
import { SnapshotFault } from './snapshot-fault.ts';
import { type UnpackedFiles, unpackWith } from './unpack-snapshot.ts';

const manifestKey = 'manifest.json';

/** What it takes to make and to read backups in one file. */
export interface FileStore extends Pick<BackupStore, 'release' | 'schemas' | 'inspect'> {
  readonly files: SnapshotFiles;
  /** `undefined` without `BACKUP_KEY`: what is made is not signed, and no signature can be checked. */
  readonly keys: BackupKeys | undefined;
}

/** What is to become one file. */
export interface FilePacking {
  readonly files: { readonly links: CopiedFile; readonly clicks?: CopiedFile | undefined };
  readonly node: string;
  /** LiteFS's id of the fleet; `null` alone. */
  readonly clusterId: string | null;
  /** Where the file is put. What is there is replaced, once the new one is whole. */
  readonly path: string;
  /** Waited for after each part. */
  readonly rest?: () => Promise<void>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes a backup that is one file: `links.db`, as any SQLite reads it, with the manifest and the compressed parts of `clicks.db` in a
 * table beside the links. Signed where there are keys; never encrypted. Durable when this resolves. Rejects with errors of the disk.
 */
export async function packFile(store: FileStore, packing: FilePacking): Promise<Manifest> {
  // Of this run alone: what two write into one file is no backup.
  const unfinished = `${packing.path}.${randomBytes(4).toString('hex')}.unfinished`;
  try {
    const manifest = await putInto(unfinished, store, packing);
    await syncPath(unfinished);
    await rename(unfinished, packing.path);
    await syncPath(dirname(packing.path));
    return manifest;
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

async function putInto(
  path: string,
  { files, keys, release }: FileStore,
  { files: { links, clicks }, node, clusterId, rest, signal }: FilePacking,
): Promise<Manifest> {
  using file = files.create(links.file, path);
  const store = {
    bucket: toBucket(file),
    // Without a key the names of parts are as good as any.
    keys: keys ?? new BackupKeys([randomBytes(32).toString('hex')]),
    encrypt: false,
  };
  const send = (copied: CopiedFile) =>
    sendParts(store, copied.file, { upload: '0'.repeat(16), known: new Map(), rest, signal });
  const whole = await hashFile(links.file);
  const manifest: Manifest = {
    kind: 'file',
    format: backupFormat,
    id: randomBytes(4).toString('hex'),
    takenAt: new Date(links.takenAtMs).toISOString(),
    node,
    release,
    clusterId,
    epoch: links.facts.epoch ?? 0,
    databases: {
      links: toDatabaseManifest(links, { ...whole, parts: [] }),
      clicks: clicks === undefined ? null : toDatabaseManifest(clicks, await send(clicks)),
    },
  };
  const document =
    keys === undefined ? Buffer.from(JSON.stringify(manifest)) : signDocument(manifest, keys);
  file.write(manifestKey, document);
  return manifest;
}

/** A backup that came out of one file. */
export interface UnpackedFile {
  readonly manifest: Manifest;
  /** Whether one of our keys signed it; otherwise it is whole, and anybody's. */
  readonly isSigned: boolean;
  readonly files: UnpackedFiles;
}

/**
 * Puts the databases of a backup in one file into a folder, checked as `unpackSnapshot` checks those of a bucket. Rejects with a
 * `SnapshotFault`, also for a file that is not signed by one of our keys, unless `allowUnsigned`: then only a signature that is
 * wrong is refused.
 */
export async function unpackFile(
  store: FileStore,
  path: string,
  {
    folder,
    allowUnsigned,
    title = path,
    signal,
  }: {
    readonly folder: string;
    readonly allowUnsigned: boolean;
    /** What people know it by. */
    readonly title?: string;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<UnpackedFile> {
  try {
    using file = store.files.open(path);
    const { manifest, isSigned } = readManifest(store, file, { title, allowUnsigned });
    const inside = { bucket: toBucket(file), keys: store.keys ?? new BackupKeys(['unused']) };
    const files = await unpackWith(
      store,
      { name: title, manifest },
      folder,
      async (name, database, to) => {
        if (name !== 'links') return fetchFile(inside, database, { ...to, signal });
        store.files.extractLinks(path, to.path);
        await syncPath(to.path);
      },
    );
    return { manifest, isSigned, files };
  } catch (error) {
    if (!(error instanceof DatabaseFault)) throw error;
    throw new SnapshotFault('damaged', `${title} is no backup: ${error.message}`, { cause: error });
  }
}

function readManifest(
  { keys, release }: FileStore,
  file: SnapshotFile,
  { title, allowUnsigned }: { readonly title: string; readonly allowUnsigned: boolean },
): { readonly manifest: Manifest; readonly isSigned: boolean } {
  const body = file.read(manifestKey);
  if (body === undefined) {
    throw new SnapshotFault('damaged', `${title} is no backup: it has no manifest`);
  }
  const isSigned = keys !== undefined && (!allowUnsigned || hasSignature(body));
  const content = isSigned
    ? readSignedDocument(body, title, keys).content
    : readUnsignedDocument(body, title);
  if (!isSigned && !allowUnsigned) {
    throw new SnapshotFault('other', `nobody can tell who made ${title} without BACKUP_KEY`);
  }
  const manifest = parseManifest(content, title, release);
  if (manifest.kind !== 'file')
    throw new SnapshotFault('damaged', `${title} is no backup in one file`);
  return { manifest, isSigned };
}

async function hashFile(
  path: string,
): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of createReadStream(path) as AsyncIterable<Buffer>) {
    hash.update(piece);
    bytes += piece.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}
