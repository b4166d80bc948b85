import { checkBatch } from '../../domain/click-batch.ts';
import type { ProducerId } from '../../domain/click-cursor.ts';
import { ClickFormatError } from '../../domain/click-format-error.ts';
import { salvageFrames } from '../../domain/click-frame.ts';
import type { Clock } from '../../domain/clock.ts';
import { type FoundIdentity, findIdentity } from './producer-identity.ts';
import type { SpoolFiles } from './spool-files.ts';
import {
  type BatchName,
  type BatchOrigin,
  batchName,
  findProducer,
  openName,
  parseSpoolName,
  toFileTime,
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

export interface ReadFolderOptions {
  readonly files: SpoolFiles;
  readonly clock: Clock;
  readonly givesUp: boolean;
}

/** Later attempts to save a batch are better than earlier ones. */
const preference: readonly BatchOrigin[] = ['sealed', 'recovered', 'mended'];

const unreadable: FoundIdentity = { is: 'unreadable' };

/**
 * Reads a folder, and tidies up what a crash left: half-written files, a batch that was mended and its damaged
 * original, a segment whose batch is complete. Gives `undefined` for a folder without clicks that is no producer's.
 * Throws the system's errors; with `givesUp`, a segment that the disk cannot read is set aside instead, and an identity
 * that it cannot read is as good as a damaged one.
 */
export function readSpoolFolder(
  options: ReadFolderOptions,
  folder: string,
): SpoolFolder | undefined {
  const { files } = options;
  const id = findProducer(folder);
  if (id === undefined) return undefined;
  const listed = files.listFiles(folder);
  const names = new Set(listed.map(({ name }) => name));
  const found = unlessGivenUp(options, () => findIdentity(files, folder, names)) ?? unreadable;
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
    const name = openName(seq);
    const sealed = batches.get(seq);
    const bytes = findBytes(options, folder, name);
    if (sealed !== undefined && !isWorthMore(options, folder, { bytes, sealed })) {
      files.remove(folder, name);
    } else if (bytes === undefined) {
      const sealedAtMs = toFileTime(options.clock.now());
      setAside(name, { seq, clicksBefore: 0, clicks: 0, sealedAtMs, origin: 'recovered' }, 0);
    } else {
      if (sealed !== undefined) setAside(sealed.name, sealed.batch, sealed.bytes);
      batches.delete(seq);
      segments.push({ seq, bytes });
    }
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

/**
 * Whether a segment that is still there is worth more than its batch. It is when it is complete and the batch is
 * damaged; after a power cut less can be left of it than of a damaged batch.
 */
function isWorthMore(
  options: ReadFolderOptions,
  folder: string,
  { bytes, sealed }: { readonly bytes: Buffer | undefined; readonly sealed: StoredFile },
): boolean {
  if (bytes === undefined || isWhole(options, folder, sealed)) return false;
  const frames = salvageFrames(bytes, 0, new Map());
  return frames.reduce((sum, { clicks }) => sum + clicks.length, 0) === sealed.batch.clicks;
}

function rank({ origin }: BatchName): number {
  return preference.indexOf(origin);
}

function isWhole(options: ReadFolderOptions, folder: string, { name, batch }: StoredFile): boolean {
  const bytes = findBytes(options, folder, name);
  if (bytes === undefined) return false;
  try {
    return checkBatch(bytes).seq === batch.seq;
  } catch (error) {
    if (!(error instanceof ClickFormatError)) throw error;
    // A later release made it: it will know.
    return error.unknownVersion !== undefined;
  }
}

function findBytes(options: ReadFolderOptions, folder: string, name: string): Buffer | undefined {
  return unlessGivenUp(options, () => Buffer.from(options.files.readFile(folder, name)));
}

/** Gives `undefined` for what the disk cannot read, once it is not asked again. */
function unlessGivenUp<Read>({ givesUp }: ReadFolderOptions, read: () => Read): Read | undefined {
  try {
    return read();
  } catch (error) {
    if (givesUp && (error as NodeJS.ErrnoException).code === 'EIO') return undefined;
    throw error;
  }
}
