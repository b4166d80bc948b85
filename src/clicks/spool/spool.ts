import type { ClickCursor, ProducerId } from '../../domain/click-cursor.ts';
import { nonceBytes } from '../../domain/click-frame.ts';
import type { ClickFrameEncoder } from '../../domain/click-frame-encoder.ts';
import { RareLog } from '../rare-log.ts';
import type { SpooledBatch, SpooledBatches } from '../spooled-batches.ts';
import { Keep } from './keep.ts';
import { loadWhole } from './load-whole.ts';
import { mendBatch } from './mend-batch.ts';
import { disown } from './producer-identity.ts';
import { ProducerMaker } from './producer-maker.ts';
import { readSpool } from './read-spool.ts';
import { reissueTask } from './reissue-task.ts';
import { Sealer } from './sealer.ts';
import { SegmentWriter, spaceOf, toDropReason } from './segment-writer.ts';
import { SharedSync } from './shared-sync.ts';
import type { DropReason, SpoolCounts } from './spool-counts.ts';
import { readSpoolGauges, type SpoolGauges } from './spool-gauges.ts';
import { batchName } from './spool-names.ts';
import type { SpoolOptions } from './spool-options.ts';
import { type SpoolProducer, type StoredBatch, toSpace } from './spool-producer.ts';
import { syncSegments } from './sync-segments.ts';

/** A segment is sealed once it is this old. */
const sealAgeMs = 1_000;
/** What failed on the disk is tried again after this long. */
const retryMs = 1_000;
/** The part of the time that clicks may take to the disk which may pass before that begins. */
const syncShare = 0.8;
/** A segment that the disk cannot read is given up when reading the spool was tried this often. */
const patientStarts = 5;
/** Segments wait for being sealed in memory, up to this much. */
const maxWaitingBytes = 33_554_432;
/** Room that is made at once when there is none left. */
const roomBytes = 1_048_576;

/**
 * Keeps this node's clicks on its own disk until they are counted. Has no timers: `maintain` is called from outside.
 *
 * Frames are appended to a segment, which is sealed into a batch by age or size. A batch is shown once its file and
 * its name are on the disk. Each producer has a folder; this node writes to the newest one, unless the volume was
 * moved or copied. Whatever the disk does, nothing of `append` and `maintain` throws.
 */
export class Spool implements SpooledBatches, AsyncDisposable {
  /** In every frame that this process writes. */
  readonly nonce: Uint8Array;
  readonly #options: SpoolOptions;
  readonly #rareLog: RareLog;
  readonly #keep: Keep;
  readonly #sealer: Sealer;
  readonly #writer: SegmentWriter;
  readonly #sync: SharedSync;
  readonly #maker: ProducerMaker;
  readonly #producers = new Map<string, SpoolProducer>();
  readonly #listeners = new Set<() => void>();
  readonly #dropped: Record<DropReason, number> = { disk_full: 0, spool_full: 0, io_error: 0 };
  readonly #lost = { torn: 0, damaged: 0 };
  readonly #noteLost = (clicks: number): void => {
    this.#lost.damaged += clicks;
  };
  #recorded = 0;
  #isMoved = false;
  #isRead = false;
  #starts = 0;
  #unreadable: readonly ProducerId[] = [];
  #own: SpoolProducer | undefined;
  #startFailure: unknown;
  #starting: Promise<void> | undefined;
  #reissuing: Promise<void> | undefined;
  #retryAtMs = 0;
  /** Of all files but the open segment; of those that wait for being sealed. */
  #bytesAtRest = 0;
  #waitingBytes = 0;
  #isDisposed = false;

  private constructor(options: SpoolOptions) {
    const { files, clock, random, compress, region, retentionMs, log } = options;
    const { heldForMs = () => 0 } = options;
    const rareLog = new RareLog(log, clock);
    this.nonce = random.bytes(nonceBytes);
    this.#options = options;
    this.#rareLog = rareLog;
    this.#keep = new Keep({
      files,
      clock,
      rareLog,
      producers: this.#producers,
      retentionMs,
      heldForMs,
    });
    this.#sealer = new Sealer({
      files,
      compress,
      clock,
      nonce: this.nonce,
      onSealed: () => {
        this.#measure();
        for (const listener of this.#listeners) listener();
      },
      onFailed: (error) => this.#noteFailure('batches cannot be sealed', error),
    });
    this.#writer = new SegmentWriter({
      files,
      clock,
      rareLog,
      region,
      onClosed: (task) => {
        this.#sealer.push(task);
        this.#measure();
      },
      onFailed: (error) => {
        if (toDropReason(error) === 'disk_full') this.#makeRoom(roomBytes);
      },
      findLimit: (openBytes) => this.#findLimit(openBytes),
    });
    this.#sync = new SharedSync(() => this.#writer.sync());
    this.#maker = new ProducerMaker(options);
  }

  /** Reads what is there and recovers it. Never rejects: a disk that cannot be used is tried again. */
  static async open(options: SpoolOptions): Promise<Spool> {
    const spool = new Spool(options);
    await spool.#start();
    return spool;
  }

  /** The producer of new clicks; `undefined` while the disk cannot be used. */
  get producer(): ProducerId | undefined {
    return this.#own?.id;
  }

  /**
   * Writes the frames of a tick, with one append, and clears `frames`. With `sync: 'tick'` the promise resolves once
   * they are on the disk; it never rejects. What cannot be written is dropped and counted.
   */
  append(frames: ClickFrameEncoder, nowMs: number): Promise<void> | undefined {
    if (frames.isEmpty) return undefined;
    const { clicks } = frames;
    const reason = this.#writer.append(frames, nowMs);
    frames.clear();
    if (reason !== undefined) {
      this.#dropped[reason] += clicks;
      this.#rareLog.count('clicks dropped', reason, clicks);
      return undefined;
    }
    this.#recorded += clicks;
    return this.#options.sync === 'tick' ? this.#sync.request() : undefined;
  }

  /** Does what is due: forces to the disk, seals by age, tries again what failed, lets go of what is old. Cheap. */
  maintain(): void {
    if (this.#isDisposed) return;
    const nowMs = this.#options.clock.monotonicMs();
    const { sync } = this.#options;
    const dirtySinceMs = this.#writer.dirtySinceMs;
    if (typeof sync === 'number' && dirtySinceMs !== undefined && !this.#sync.isRunning) {
      if (nowMs - dirtySinceMs >= sync * syncShare) void this.#sync.request();
    }
    const { open } = this.#writer;
    const isOld = open !== undefined && nowMs - open.openedAtMs >= sealAgeMs;
    if (isOld && this.#sealer.tasks.length === 0) this.#writer.close();
    if (nowMs >= this.#retryAtMs) {
      if (this.#own === undefined) void this.#start();
      if (this.#sealer.tasks.length > 0) void this.#sealer.run();
      this.#keep.removeOld();
    }
    this.#measure();
    this.#rareLog.flush();
  }

  /** Forces to the disk what was appended. Never rejects. */
  async sync(): Promise<void> {
    await this.#sync.request();
  }

  /** Seals what was appended so far, whatever its age. Rejects with the system's error when that fails. */
  async seal(): Promise<void> {
    if (this.#own === undefined) await this.#start();
    if (this.#own === undefined) throw this.#startFailure;
    this.#writer.close();
    for (;;) {
      await this.#sealer.run();
      if (this.#reissuing === undefined) break;
      // The sealer rests until batches are issued again.
      await this.#reissuing.catch(() => undefined);
    }
    if (this.#sealer.failure !== undefined) throw this.#sealer.failure;
  }

  readCounts(): SpoolCounts {
    return {
      recorded: this.#recorded,
      dropped: { ...this.#dropped },
      lost: { ...this.#lost },
      isMoved: this.#isMoved,
    };
  }

  readGauges(): SpoolGauges {
    return readSpoolGauges({
      open: this.#writer.open,
      tasks: this.#sealer.tasks,
      producers: this.#producers.values(),
      bytesAtRest: this.#bytesAtRest,
      clock: this.#options.clock,
    });
  }

  listProducers(): readonly ProducerId[] {
    return [...this.#producers.values()]
      .filter(({ batches }) => batches.length > 0)
      .map(({ id }) => id);
  }

  listBatches(producer: ProducerId): readonly SpooledBatch[] {
    return this.#producers.get(producer)?.batches ?? [];
  }

  /** Rejects with the system's error, and with `ClickFormatError` for a version that is not known. */
  async readBatch({ producer, seq }: SpooledBatch): Promise<Uint8Array | 'damaged'> {
    const batch = this.#producers.get(producer)?.find(seq);
    return batch === undefined ? 'damaged' : loadWhole(this.#options, batch);
  }

  /** Rejects with the system's error. */
  async mend({ producer, seq }: SpooledBatch): Promise<number> {
    const owner = this.#producers.get(producer);
    const batch = owner?.find(seq);
    if (owner === undefined || batch === undefined) return 0;
    const found = await mendBatch({ ...this.#options, nonce: this.nonce }, batch);
    if (found === undefined || owner.find(seq) !== batch) return 0;
    owner.add(found.mended);
    if (found.mended.name !== batch.name) this.#setAside(batch, 'damaged');
    this.#noteLost(found.lost);
    this.#measure();
    return found.lost;
  }

  /** Rejects with the system's error; then nothing has changed. */
  async reissueFrom(batch: SpooledBatch): Promise<void> {
    while (this.#reissuing !== undefined) await this.#reissuing.catch(() => undefined);
    this.#reissuing = this.#reissue(batch).finally(() => {
      this.#reissuing = undefined;
    });
    await this.#reissuing;
  }

  isSealing(id: ProducerId): boolean {
    return this.#sealer.tasks.some(({ producer }) => producer.id === id);
  }

  drop({ producer, seq }: SpooledBatch): void {
    const owner = this.#producers.get(producer);
    const batch = owner?.find(seq);
    if (owner === undefined || batch === undefined) return;
    owner.remove(batch);
    this.#setAside(batch, 'dropped');
    this.#measure();
  }

  release(cursor: ClickCursor, knownUpTo: number): void {
    const producer = this.#producers.get(cursor.producer);
    if (producer === undefined) return;
    producer.cursor = cursor;
    producer.knownUpTo = knownUpTo;
  }

  onSealed(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Seals and syncs everything; nothing can be appended any more. What the disk refuses is left to the next start. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    await this.#starting;
    await this.#reissuing?.catch(() => undefined);
    this.#writer.close();
    await this.#sealer.run();
    await this.#sync.request();
    this.#writer.closeFiles();
    this.#rareLog.flush(true);
  }

  #start(): Promise<void> {
    this.#starting ??= this.#findProducer().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  /** Never rejects: whatever is wrong with the disk or what is on it, redirects go on, and clicks are dropped. */
  async #findProducer(): Promise<void> {
    try {
      if (!this.#isRead) await this.#read();
      if (this.#own === undefined) this.#become(await this.#maker.make());
      for (const producer of this.#unreadable) await disown(this.#options.files, producer);
      this.#unreadable = [];
      this.#startFailure = undefined;
    } catch (error) {
      this.#startFailure = error;
      this.#noteFailure('spool cannot be opened', error);
    }
  }

  async #read(): Promise<void> {
    const { files, log } = this.#options;
    this.#starts += 1;
    const found = readSpool({
      ...this.#options,
      givesUp: this.#starts > patientStarts,
      onLost: this.#noteLost,
    });
    // A process that crashed can have renamed what is not on the disk yet.
    for (const folder of found.producers.keys()) await files.syncFolder(folder);
    // Nor are its segments. They are sealed soon, but a full disk can keep them from that for long.
    for (const folder of found.producers.keys()) {
      syncSegments(files, folder).catch((error) => {
        this.#noteFailure('clicks cannot be synced', error);
      });
    }
    for (const [id, producer] of found.producers) this.#producers.set(id, producer);
    for (const task of found.tasks) this.#sealer.push(task);
    for (const file of found.aside) this.#keep.putAside(file);
    this.#isMoved = found.isMoved;
    this.#unreadable = found.unreadable;
    this.#maker.generation = found.nextGeneration;
    this.#lost.torn += found.torn;
    this.#isRead = true;
    if (found.own !== undefined) this.#become(found.own);
    if (found.isMoved) log.warn('spool was moved or copied here, and goes on as a new producer');
    this.#measure();
    // What the last process did not sync waits no longer than it has to.
    void this.#sealer.run();
  }

  /** Has new clicks written by another producer. */
  #become(producer: SpoolProducer): void {
    if (this.#own !== undefined) this.#own.isOwn = false;
    producer.isOwn = true;
    this.#producers.set(producer.id, producer);
    this.#own = producer;
    this.#writer.use(producer);
  }

  /**
   * The follower's identity says what it takes over. Once that is on the disk, all that is left to do follows from it,
   * here or in the process after a crash: every batch and segment is sealed again under the number that belongs to it.
   */
  async #reissue({ producer, seq }: SpooledBatch): Promise<void> {
    const own = this.#own;
    const first = own?.find(seq);
    if (own === undefined || own.id !== producer || first === undefined) return;
    await this.#sealer.pause();
    try {
      const { clicksBefore } = first;
      const follower = await this.#maker.make({ producer, fromSeq: seq, clicksBefore });
      this.#become(follower);
      own.follower = { producer: follower, seq: 1, fromSeq: seq, clicksBefore };
      follower.use(own.lastSeq - seq + 1, own.clicks - clicksBefore);
      this.#sealer.unshift(
        own
          .takeFrom(seq)
          .map((batch) => reissueTask(batch, { ...this.#options, onLost: this.#noteLost })),
      );
    } finally {
      this.#sealer.resume();
    }
    await this.#sealer.run();
    this.#measure();
  }

  #setAside(batch: StoredBatch, ending: 'damaged' | 'dropped'): void {
    const name = batchName(batch, ending);
    try {
      this.#options.files.rename(batch.producer, batch.name, name);
      const { owner: producer, seq, bytes, sealedAtMs, seenAtMs } = batch;
      this.#keep.putAside({ producer, name, seq, bytes, sealedAtMs, seenAtMs });
    } catch (error) {
      this.#noteFailure('batches cannot be set aside', error);
    }
  }

  /** Why nothing can be appended, whatever the disk would say. */
  #findLimit(openBytes: number): DropReason | undefined {
    if (this.#own === undefined) return toDropReason(this.#startFailure);
    if (this.#isDisposed) return 'io_error';
    if (this.#waitingBytes > maxWaitingBytes) return toDropReason(this.#sealer.failure);
    const isFull = () => this.#bytesAtRest + toSpace(openBytes) >= this.#options.maxBytes;
    if (!isFull()) return undefined;
    this.#makeRoom(roomBytes);
    return isFull() ? 'spool_full' : undefined;
  }

  #makeRoom(bytes: number): void {
    this.#keep.makeRoom(bytes);
    this.#measure();
  }

  #measure(): void {
    this.#waitingBytes = spaceOf(this.#sealer.tasks);
    this.#bytesAtRest = this.#waitingBytes + this.#keep.asideBytes;
    for (const { bytes } of this.#producers.values()) this.#bytesAtRest += bytes;
  }

  #noteFailure(message: string, error: unknown): void {
    this.#retryAtMs = this.#options.clock.monotonicMs() + retryMs;
    this.#rareLog.count(message, 'failures', 1, error);
    if (toDropReason(error) === 'disk_full') this.#makeRoom(roomBytes);
  }
}
