import type { Logger } from 'pino';
import type { ProducerId } from '../../domain/click-cursor.ts';
import type { AsideFile } from './keep.ts';
import type { ProducerIdentity } from './producer-identity.ts';
import { type RecoveredSegments, recoverSegments } from './recover-segments.ts';
import { reissueTask } from './reissue-task.ts';
import type { SealTask } from './sealer.ts';
import { type ReadFolderOptions, readSpoolFolder, type SpoolFolder } from './spool-folder.ts';
import { SpoolProducer, StoredBatch } from './spool-producer.ts';

/** What a start finds on the disk. */
export interface FoundSpool {
  readonly producers: Map<string, SpoolProducer>;
  /** What has to be sealed, in its order. */
  readonly tasks: readonly SealTask[];
  readonly aside: readonly AsideFile[];
  /** This node's own producer, unless there is none that new clicks can have. */
  readonly own: SpoolProducer | undefined;
  /** Whether the volume came from elsewhere. */
  readonly isMoved: boolean;
  /** The next producer's. */
  readonly nextGeneration: number;
  /** Those that cannot be told whose they are. */
  readonly unreadable: readonly ProducerId[];
  /** Clicks that segments no longer have. */
  readonly torn: number;
}

export interface ReadSpoolOptions extends ReadFolderOptions {
  readonly node: string;
  readonly region: string;
  readonly log: Logger;
  /** Told how many clicks a batch no longer has that is issued again. */
  readonly onLost: (clicks: number) => void;
}

/**
 * Reads all folders of a spool, decides whose they are, and what of each segment is left. Can be done again when it
 * fails. Throws the system's errors.
 */
export function readSpool(options: ReadSpoolOptions): FoundSpool {
  const { files, log, node } = options;
  const folders: SpoolFolder[] = [];
  for (const name of files.listFolders()) {
    const folder = readSpoolFolder(options, name);
    if (folder === undefined) continue;
    const { id, found } = folder;
    if (found.is === 'unreadable') {
      log.warn({ producer: id }, 'identity of a producer is not readable');
    } else if (found.is === 'unknown') {
      const { format } = found;
      log.error({ producer: id, format }, 'spool has a format that this release does not know');
    }
    folders.push(folder);
  }
  folders.sort((one, other) => generationOf(one) - generationOf(other));
  const producers = new Map(folders.map(({ id }) => [id as string, new SpoolProducer(id)]));
  for (const { found } of folders) {
    if (found.is === 'known') setFollower(producers, found.identity);
  }
  const taken = folders.map((folder) =>
    takeFolder(folder, producers.get(folder.id) as SpoolProducer, options),
  );
  const newest = folders.at(-1);
  const unreadable = folders.filter(({ found }) => found.is === 'unreadable').map(({ id }) => id);
  const isMoved = isElsewhere(newest, node);
  // One that is not readable may have been this node's own, and later than all others.
  const isOwn =
    newest?.found.is === 'known' &&
    !isMoved &&
    unreadable.length === 0 &&
    taken.at(-1)?.isForeign !== true;
  return {
    producers,
    tasks: sortTasks(taken),
    aside: taken.flatMap(({ aside }) => aside),
    own: isOwn ? producers.get(newest.id) : undefined,
    unreadable,
    isMoved,
    nextGeneration: newest === undefined ? 1 : generationOf(newest) + 1,
    torn: taken.reduce((sum, { torn }) => sum + torn, 0),
  };
}

function generationOf({ found }: SpoolFolder): number {
  switch (found.is) {
    case 'known':
      return found.identity.generation;
    case 'unknown':
      return found.generation;
    case 'unreadable':
      return 0;
  }
}

/** Whether another node made it, or it lies where it was not made. */
function isElsewhere(folder: SpoolFolder | undefined, node: string): boolean {
  if (folder?.found.is !== 'known') return false;
  return folder.found.identity.node !== node || !folder.found.isInPlace;
}

/** A later producer may take over what an earlier attempt already wanted. */
function setFollower(
  producers: ReadonlyMap<string, SpoolProducer>,
  { producer, takesOver }: ProducerIdentity,
): void {
  const follower = producers.get(producer);
  if (takesOver === undefined || follower === undefined) return;
  const { fromSeq, clicksBefore } = takesOver;
  const followed = producers.get(takesOver.producer);
  if (followed !== undefined) {
    followed.follower = { producer: follower, seq: 1, fromSeq, clicksBefore };
  }
}

/** What a folder's files come to. */
interface TakenFolder extends RecoveredSegments {
  readonly aside: readonly AsideFile[];
}

/** Puts the batches of a folder where they belong, and finds what is still to be sealed. */
function takeFolder(
  folder: SpoolFolder,
  producer: SpoolProducer,
  options: ReadSpoolOptions,
): TakenFolder {
  const seenAtMs = options.clock.monotonicMs();
  const recovered = recoverSegments(folder, producer, options);
  const tasks = [...recovered.tasks];
  for (const { batch, bytes } of folder.batches) {
    const stored = new StoredBatch(producer, batch, bytes, seenAtMs);
    if (producer.placeOf(batch.seq, batch.clicksBefore).producer === producer) producer.add(stored);
    else tasks.push(reissueTask(stored, options));
  }
  const aside = folder.aside.map(({ batch, name, bytes }): AsideFile => {
    const { seq, clicksBefore, clicks, sealedAtMs } = batch;
    producer.use(seq, clicksBefore + clicks);
    return { producer, name, seq, bytes, sealedAtMs, seenAtMs };
  });
  for (const { producer: its, seq, clicksBefore, clicks } of tasks) {
    const place = its.placeOf(seq, clicksBefore);
    place.producer.use(place.seq, place.clicksBefore + clicks);
  }
  return { ...recovered, tasks, aside };
}

/**
 * A batch must not be seen before those with lower numbers. Where two files belong under one number, a power cut brought
 * back one that was taken over, as far as it had been synced; what the later producer has was sealed from it.
 */
function sortTasks(folders: readonly TakenFolder[]): SealTask[] {
  return folders
    .toReversed()
    .flatMap(({ tasks }) => tasks)
    .toSorted(byPlace);
}

function byPlace(one: SealTask, other: SealTask): number {
  const its = one.producer.placeOf(one.seq, one.clicksBefore);
  const others = other.producer.placeOf(other.seq, other.clicksBefore);
  return its.producer === others.producer
    ? its.seq - others.seq
    : its.producer.id.localeCompare(others.producer.id);
}
