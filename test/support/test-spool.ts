import { zstdCompressSync } from 'node:zlib';
import { Spool } from '../../src/clicks/spool/spool.ts';
import type { SpoolOptions } from '../../src/clicks/spool/spool-options.ts';
import type { SpooledBatch } from '../../src/clicks/spooled-batches.ts';
import { decodeBatch } from '../../src/domain/click-batch.ts';
import type { ClickCursor } from '../../src/domain/click-cursor.ts';
import { ClickFrameEncoder } from '../../src/domain/click-frame-encoder.ts';
import { type FakeClock, fakeClock } from './fake-clock.ts';
import { noDetails } from './sealed-batch.ts';
import { seededRandom } from './seeded-random.ts';
import { silentLog } from './silent-log.ts';
import { SimulatedDisk } from './simulated-disk.ts';

/** A spool on a simulated disk, whose clock and chance are given. */
export interface TestSpool {
  readonly spool: Spool;
  readonly disk: SimulatedDisk;
  readonly clock: FakeClock;
  /** Appends one click for each link id, as one tick. */
  click(...linkIds: number[]): void;
  /** The same, and gives what the spool gives. */
  append(...linkIds: number[]): Promise<void> | undefined;
}

export type TestSpoolOptions = Partial<SpoolOptions> & {
  readonly disk?: SimulatedDisk;
  readonly clock?: FakeClock;
};

/** Opens a spool; it keeps batches for an hour and syncs when it is told to. */
export async function openTestSpool(options: TestSpoolOptions = {}): Promise<TestSpool> {
  const { disk = new SimulatedDisk(), clock = fakeClock(), node = 'a' } = options;
  const spool = await Spool.open({
    files: disk,
    clock,
    // Never the same for two spools, unless a test forks a disk and opens both as the same node.
    random: seededRandom(`${node} ${disk.list()}`),
    log: silentLog,
    compress: async (bytes) => zstdCompressSync(bytes),
    node,
    region: 'fra',
    sync: 250,
    retentionMs: 3_600_000,
    maxBytes: 1_073_741_824,
    ...options,
  });
  const frames = new ClickFrameEncoder(spool.nonce);
  const append = (...linkIds: number[]) => {
    for (const linkId of linkIds) frames.add(linkId, noDetails, false);
    return spool.append(frames, clock.now());
  };
  return { spool, disk, clock, append, click: (...linkIds) => void append(...linkIds) };
}

/** Opens a spool with that many batches, each with one click whose link id is its number. */
export async function openWithBatches(
  count: number,
  options: TestSpoolOptions = {},
): Promise<TestSpool> {
  const test = await openTestSpool(options);
  for (let seq = 1; seq <= count; seq += 1) {
    test.click(seq);
    await test.spool.seal();
  }
  return test;
}

/** Damages the file of a batch of the producer that new clicks have. */
export function damageBatch(
  { disk, spool }: TestSpool,
  seq: number,
  change: (bytes: Buffer) => Uint8Array,
) {
  const folder = spool.producer ?? '';
  const name = disk.list().find((its) => its.startsWith(`${folder}/${seq}-`)) ?? '';
  disk.damage(folder, name.slice(folder.length + 1), change);
}

/** The endings of the files that hold or held batches. */
export function listEndings({ disk }: TestSpool): string[] {
  return disk
    .list()
    .map((name) => name.split('.').at(-1) ?? '')
    .filter((ending) => ending === 'batch' || ending === 'damaged' || ending === 'dropped')
    .sort();
}

/** The batches of the producer that new clicks have. */
export function listOwn(spool: Spool): readonly SpooledBatch[] {
  return spool.producer === undefined ? [] : spool.listBatches(spool.producer);
}

/** The bytes of a batch that is not damaged. */
export async function readWhole(
  spool: Spool,
  batch: SpooledBatch | undefined,
): Promise<Uint8Array> {
  if (batch === undefined) throw new Error('There is no such batch.');
  const bytes = await spool.readBatch(batch);
  if (bytes === 'damaged') throw new Error('The batch is damaged.');
  return bytes;
}

/** The link ids in all batches of a spool that can be shipped, in their order. */
export async function readClicks(spool: Spool): Promise<number[]> {
  const read: number[] = [];
  for (const producer of spool.listProducers()) {
    for (const batch of spool.listBatches(producer)) {
      const { frames } = decodeBatch(await readWhole(spool, batch));
      read.push(...frames.flatMap(({ clicks }) => clicks.map(({ linkId }) => linkId)));
    }
  }
  return read;
}

/** What this node's copy of `clicks.db` shows when all of a batch is counted. */
export function cursorAt({ producer, seq, clicksBefore, clicks }: SpooledBatch): ClickCursor {
  const hash = '0'.repeat(64);
  const counted = { clicks: clicksBefore + clicks, merged: clicks, lost: 0 };
  return { producer, seq, hash, isComplete: true, ...counted };
}
