import { checkBatch } from '../domain/click-batch.ts';
import type { ProducerId } from '../domain/click-cursor.ts';
import { ClickFormatError } from '../domain/click-format-error.ts';
import { type FoundIdentity, findIdentity } from './producer-identity.ts';
import type { SpoolFiles } from './spool-files.ts';
import {
  type BatchName,
  type BatchOrigin,
  batchName,
  findProducer,
  openName,
  parseSpoolName,
} from './spool-names.ts';

/** A producer's folder as a start finds it: one file for each number. */
export interface SpoolFolder {
  readonly id: ProducerId;
  readonly found: FoundIdentity;
  readonly batches: readonly StoredFile[];
  /** Open segments without a batch, by number. */
  readonly segments: readonly { readonly seq: number; readonly bytes: Buffer }[];
  /** Damaged and dropped ones. */
  readonly aside: readonly StoredFile[];
}

export interface StoredFile {
  readonly batch: BatchName;
  readonly name: string;
  readonly bytes: number;
}

/** Later attempts to save a batch are better than earlier ones. */
const preference: readonly BatchOrigin[] = ['sealed', 'recovered', 'mended'];
/** A disk is asked this often for a segment before it is given up. */
const readAttempts = 3;

/**
 * Reads a folder, and tidies up what a crash left: half-written files, a batch that was mended and its damaged
 * original, a segment whose batch is complete. Gives `undefined` for a folder without clicks that is no producer's.
 * Throws the system's errors.
 */
export function readSpoolFolder(
  files: SpoolFiles,
  folder: string,
  nowMs: number,
): SpoolFolder | undefined {
  const id = findProducer(folder);
  if (id === undefined) return undefined;
  const listed = files.listFiles(folder);
  const found = findIdentity(files, folder, new Set(listed.map(({ name }) => name)));
  if (found.is === 'unknown') return { id, found, batches: [], segments: [], aside: [] };
  const batches = new Map<number, StoredFile>();
  const aside: StoredFile[] = [];
  const open: number[] = [];
  /** Renames a batch or segment, so that it is kept and no longer read. */
  const setAside = (from: string, batch: BatchName, bytes: number) => {
    const name = batchName(batch, 'damaged');
    files.rename(folder, from, name);
    aside.push({ batch, name, bytes });
  };
  for (const { name, bytes } of listed) {
    const file = parseSpoolName(name);
    if (file === undefined) continue;
    if (file.is === 'temporary') {
      files.remove(folder, name);
    } else if (file.is === 'open') {
      open.push(file.seq);
    } else if (file.is === 'batch') {
      const { batch } = file;
      const other = batches.get(batch.seq);
      const isBetter = other === undefined || rank(batch) > rank(other.batch);
      if (isBetter) batches.set(batch.seq, { batch, name, bytes });
      const worse = isBetter ? other : { batch, name, bytes };
      if (worse !== undefined) setAside(worse.name, worse.batch, worse.bytes);
    } else {
      aside.push({ batch: file.batch, name, bytes });
    }
  }
  const segments: { seq: number; bytes: Buffer }[] = [];
  for (const seq of open.toSorted((one, other) => one - other)) {
    const sealed = batches.get(seq);
    if (sealed !== undefined && isWhole(files, folder, sealed)) {
      files.remove(folder, openName(seq));
      continue;
    }
    const bytes = findBytes(files, folder, openName(seq));
    if (bytes === undefined) {
      const batch = { seq, clicksBefore: 0, clicks: 0, sealedAtMs: nowMs, origin: 'recovered' };
      setAside(openName(seq), batch as BatchName, 0);
      continue;
    }
    if (sealed !== undefined) {
      batches.delete(seq);
      setAside(sealed.name, sealed.batch, sealed.bytes);
    }
    segments.push({ seq, bytes });
  }
  const isNothing = batches.size + segments.length + aside.length === 0;
  if (found.is === 'unreadable' && isNothing) return undefined;
  return {
    id,
    found,
    batches: [...batches.values()].toSorted((one, other) => one.batch.seq - other.batch.seq),
    segments,
    aside,
  };
}

function rank({ origin }: BatchName): number {
  return preference.indexOf(origin);
}

function isWhole(files: SpoolFiles, folder: string, { name, batch }: StoredFile): boolean {
  const bytes = findBytes(files, folder, name);
  if (bytes === undefined) return false;
  try {
    return checkBatch(bytes).seq === batch.seq;
  } catch (error) {
    if (!(error instanceof ClickFormatError)) throw error;
    // A later release made it: it will know.
    return error.unknownVersion !== undefined;
  }
}

/** `undefined` when the disk cannot read the file. */
function findBytes(files: SpoolFiles, folder: string, name: string): Buffer | undefined {
  for (let attempt = 1; attempt <= readAttempts; attempt += 1) {
    try {
      return Buffer.from(files.readFile(folder, name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EIO') throw error;
    }
  }
  return undefined;
}
