import { decodeDelivery } from '../../src/clicks/shipping/delivery.ts';
import { Shipper, type ShipResult } from '../../src/clicks/shipping/shipper.ts';
import { Spool } from '../../src/clicks/spool/spool.ts';
import type { StoredBatch } from '../../src/clicks/spool/spool-producer.ts';
import type { SpooledBatches } from '../../src/clicks/spooled-batches.ts';
import type { ProducerId } from '../../src/domain/click-cursor.ts';
import { ClickFrameEncoder } from '../../src/domain/click-frame-encoder.ts';
import type { Clock } from '../../src/domain/clock.ts';
import type { Random } from '../../src/domain/random.ts';
import type { DiskCall } from './click-simulation-commands.ts';
import { type AnsweredClick, BrokenPromise, type ClickLedger } from './click-simulation-ledger.ts';
import type { SimulatedNetwork } from './click-simulation-network.ts';
import { storeOnly, unpackStored } from './click-simulation-packing.ts';
import { findCursorAt, newerVersion, withBatchVersions } from './click-simulation-primary.ts';
import { type GoneBatch, SeenBatches } from './click-simulation-seen.ts';
import { watchSpool } from './click-simulation-spool-view.ts';
import { defectLog } from './defect-log.ts';
import type { ClickCommit } from './memory-click-store.ts';
import { noDetails } from './sealed-batch.ts';
import { silentLog } from './silent-log.ts';
import { SimulatedDisk, systemError } from './simulated-disk.ts';

/** What all nodes of a fleet share. */
export interface NodeSurroundings {
  readonly network: SimulatedNetwork;
  readonly ledger: ClickLedger;
  readonly clock: Clock;
  readonly random: Random;
  readonly sync: 'tick' | 'off' | number;
  /** Stands between spool and shipper; a test of the tests breaks it. */
  readonly spoolView: (spool: SpooledBatches) => SpooledBatches;
  /** Told what was thrown where nobody waits for it. */
  readonly onBroken: (error: unknown) => void;
  /** Called before each operation of a disk. */
  readonly onOperation: () => void;
}

export const retentionMs = 100_000;
/** More than any history has to ship. */
const maxSteps = 300;

/** A volume as it was once, and the clicks on it; of the `durable` ones the disk had all by then. */
interface Snapshot {
  readonly disk: SimulatedDisk;
  readonly clicks: readonly AnsweredClick[];
  readonly durable: ReadonlySet<AnsweredClick>;
}

/** A node: its volume, and the process that runs on it. */
export class SimulatedNode {
  /** What `NODE_ID` says; two nodes have the same after a mistake. */
  id: string;
  disk: SimulatedDisk;
  /** Clicks that have their only certain copy on this volume. */
  clicks: AnsweredClick[] = [];
  snapshot: Snapshot | undefined;
  /** What this node's own copy of the primary's store has. */
  copy: readonly ClickCommit[] = [];
  /** How often the primary had gone back when the copy was made, and in which epoch it did so last. */
  copyReturns = 0;
  copyReturnedIn = 0;
  isUpgraded = false;
  isStalled = false;
  /** Whether its process ended and the next one did not begin yet. */
  isKilled = false;
  clockOffsetMs = 0;
  /** Whether the spool may list batches that the ledger has not seen. */
  mayHaveBatches = true;
  #wasOpen = false;
  spool!: Spool;
  shipper!: Shipper;
  /** Nothing happened to the volume after which its gauge of unconfirmed clicks cannot be foretold. */
  isPlain = true;
  readonly #around: NodeSurroundings;
  readonly #clock: Clock;
  #stalled: (() => void)[] = [];
  #broken: { readonly call: DiskCall; times: number } | undefined;
  /** Counts the disk's errors, and the processes. */
  #errors = 0;
  #lives = 0;
  #isStepping = false;
  /** How many of the clicks are of earlier processes. */
  #earlier = 0;
  #confirmed: readonly ClickCommit[] = [];
  readonly #everShown = new Set<number>();
  readonly #seen = new SeenBatches();
  /** Whether batches may go for another reason than being counted. */
  #mayGo = false;
  /** How many batches are being put in place of others at the moment. */
  #replacing = 0;
  /** In which epoch the primary answered last, by producer, since the process began. */
  #heard = new Map<ProducerId, number>();
  /** Producers of which the copy shows what is counted after a return that this node has not heard of. */
  #unheard = new Set<ProducerId>();

  constructor(id: string, around: NodeSurroundings) {
    this.id = id;
    this.#around = around;
    this.#clock = {
      now: () => around.clock.now() + this.clockOffsetMs,
      monotonicMs: () => around.clock.monotonicMs(),
    };
    this.disk = new SimulatedDisk();
  }

  /** Starts a process on the volume as it is. What the last one had in hand is no more. */
  async start(): Promise<void> {
    const { random, sync, ledger, spoolView, network } = this.#around;
    this.#lives += 1;
    this.isKilled = false;
    const life = this.#lives;
    this.isStalled = false;
    this.#replacing = 0;
    this.#stalled = [];
    this.#isStepping = false;
    this.#confirmed = [];
    this.#heard.clear();
    this.#earlier = this.clicks.length;
    const { disk } = this;
    const errors = this.#errors;
    disk.onOperation = (_number, call) => this.#operate(disk, call);
    disk.pause = () =>
      this.isStalled && life === this.#lives
        ? new Promise<void>((resolve) => this.#stalled.push(resolve))
        : Promise.resolve();
    const spool = await Spool.open({
      files: disk,
      clock: this.#clock,
      random,
      log: silentLog,
      compress: storeOnly,
      unpack: async (packed) => unpackStored(packed),
      node: this.id,
      region: 'ams',
      sync,
      retentionMs,
      maxBytes: 1e9,
    });
    this.spool = spool;
    this.mayHaveBatches = true;
    this.#mayGo = true;
    spool.onSealed(() => {
      if (life === this.#lives) this.mayHaveBatches = true;
    });
    this.shipper = new Shipper({
      spool: spoolView(
        watchSpool(spool, {
          onDrop: ({ producer, seq, isRecovered, isInherited }) => {
            this.isPlain = false;
            this.#mayGo = true;
            if (!isRecovered && !isInherited) {
              throw new BrokenPromise(`${this.id} gave up what it sealed itself`);
            }
            this.mayHaveBatches = true;
            this.noteBatches();
            if (ledger.hasForks) ledger.excuseBatch(producer, seq, 'given up');
          },
          onLost: (batch) => ledger.excuse(this.#seen.idsOf(batch as StoredBatch), 'rot'),
          onReplacing: () => {
            this.#replacing += 1;
            return () => {
              if (life !== this.#lives) return;
              this.#replacing -= 1;
              this.mayHaveBatches = true;
              this.#mayGo = true;
            };
          },
        }),
      ),
      deliver: async (body) => {
        if (life !== this.#lives) return new Promise(() => undefined);
        const sent = this.isUpgraded ? withBatchVersions(body, newerVersion) : body;
        const answer = await network.send(sent);
        // Whoever waited is dead: nothing of it must go on.
        if (life !== this.#lives) return new Promise(() => undefined);
        if (answer !== undefined) this.#heard.set(decodeDelivery(body).producer, answer.epoch);
        return answer;
      },
      readOwnCursor: async (producer) => findCursorAt(this.copy, producer),
      clock: this.#clock,
      log: defectLog((error) => this.#around.onBroken(error)),
    });
    this.noteBatches();
    this.#unheard.clear();
    // What earlier processes wrote is on the disk once it could be opened.
    const settled = new Promise<void>((resolve) => setImmediate(resolve));
    if (errors === this.#errors) this.noteDurable(settled, 'all');
  }

  /** The process ends in the middle of what it does. */
  kill(): void {
    this.disk.stop();
    this.#lives += 1;
    this.isKilled = true;
  }

  /** The process ends at once, and another begins on what was written. */
  async crash(): Promise<void> {
    this.disk = this.disk.crash();
    await this.start();
  }

  async losePower(seed: number): Promise<void> {
    let state = seed + 1;
    this.disk = this.disk.losePower((max) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 8) % (max + 1);
    });
    this.isPlain = false;
    this.#around.ledger.mayHoldDropped = true;
    for (const click of this.clicks) if (!click.isDurable) click.excuse ??= 'power';
    await this.start();
  }

  /** Puts another volume in place of this one, of which nothing is left. */
  async replaceDisk(
    disk: SimulatedDisk | undefined,
    clicks: readonly AnsweredClick[],
    isCounted: (id: number) => boolean,
  ): Promise<void> {
    this.disk.stop();
    const kept = new Set(clicks);
    this.#around.ledger.noteGone(
      this.clicks.filter((click) => !kept.has(click)),
      isCounted,
    );
    this.#seen.clear();
    this.isPlain = disk === undefined;
    this.disk = disk ?? new SimulatedDisk();
    this.clicks = [...clicks];
    await this.start();
  }

  /** A tick with so many clicks, each of a link of its own; without any, with a hit of a link that nobody knows. */
  click(count: number): void {
    const { ledger } = this.#around;
    const encoder = new ClickFrameEncoder(this.spool.nonce);
    const firstId = ledger.clicks.length + 1;
    for (let at = 0; at < count; at += 1) encoder.add(firstId + at, noDetails, false);
    if (count === 0) encoder.addOrphan('nobody');
    const before = this.#dropped();
    const onDisk = this.spool.append(encoder, this.#clock.now());
    const dropped = this.#dropped() - before;
    if (dropped !== 0 && dropped !== count) throw new BrokenPromise('a tick was dropped in part');
    const isDropped = dropped > 0 && !this.isKilled;
    const made = Array.from({ length: count }, () => ledger.add(isDropped));
    if (!isDropped) this.clicks.push(...made);
    if (this.isKilled) {
      this.isPlain = false;
      for (const click of made) click.excuse = 'not answered';
    }
    if (onDisk !== undefined) this.noteDurable(onDisk, 'this process');
  }

  /**
   * Once `done` resolves, what was answered until now is on the disk, unless the disk failed meanwhile: by this process, or
   * by earlier ones too.
   */
  noteDurable(done: Promise<void>, by: 'this process' | 'all'): void {
    const isAll = by === 'all' && this.spool.producer !== undefined;
    const clicks = this.clicks.slice(isAll ? 0 : this.#earlier);
    const errors = this.#errors;
    const life = this.#lives;
    done.then(
      () => {
        if (errors !== this.#errors || life !== this.#lives) return;
        for (const click of clicks) click.isDurable = true;
      },
      () => undefined,
    );
  }

  /** Begins a step of the shipper, unless one is under way. */
  ship(): void {
    if (this.#isStepping) return;
    this.#isStepping = true;
    const life = this.#lives;
    void this.shipper.step().then(() => {
      if (life === this.#lives) this.#isStepping = false;
    });
  }

  /** Ships until there is nothing left to ship; `false` when there is no end to it. */
  async shipAll(): Promise<boolean> {
    if (this.#isStepping) return true;
    this.#isStepping = true;
    const life = this.#lives;
    let result: ShipResult = 'shipped';
    for (let left = maxSteps; left > 0 && result === 'shipped'; left -= 1) {
      result = await this.shipper.step();
      if (life !== this.#lives) return true;
    }
    this.#isStepping = false;
    return result !== 'shipped';
  }

  async confirm(): Promise<void> {
    const { copy } = this;
    await this.shipper.confirm();
    this.#confirmed = copy;
    const unheard = [...this.#heard].filter(([, epoch]) => epoch < this.copyReturnedIn);
    this.#unheard = new Set(unheard.map(([producer]) => producer));
    const { ledger } = this.#around;
    for (const { linkIds } of copy) {
      for (const id of linkIds) {
        this.#everShown.add(id);
        ledger.noteShown(id, this.copyReturns);
      }
    }
  }

  /** K5: the gauge says how many clicks this node's own copy did not show when it was last looked at. */
  checkGauge(): void {
    if (!this.isPlain || this.#around.ledger.hasForks) return;
    const shown = new Set(this.#confirmed.flatMap(({ linkIds }) => linkIds));
    const waiting = this.clicks.filter(({ id }) => !shown.has(id));
    // What was shown before the primary went back in time may be gone from the volume.
    const least = waiting.filter(({ id }) => !this.#everShown.has(id)).length;
    const told = this.spool.readGauges().unconfirmedClicks;
    if (told < least || told > waiting.length) {
      throw new BrokenPromise(
        `the gauge of ${this.id} says ${told} unconfirmed clicks, there are ${least} to ${waiting.length}`,
      );
    }
  }

  breakCalls(call: DiskCall, times: number): void {
    this.#broken = { call, times };
  }

  heal(): void {
    this.#broken = undefined;
    this.disk.capacity = Number.MAX_SAFE_INTEGER;
    this.isStalled = false;
    for (const go of this.#stalled.splice(0)) go();
  }

  /** Has one thing done that the disk was stalled at. */
  unstallOne(at: number): void {
    this.#stalled.splice(at % Math.max(1, this.#stalled.length), 1)[0]?.();
  }

  /** A byte of one of the batches changes. */
  rot(at: number, byte: number): void {
    const batches = this.spool.listProducers().flatMap((id) => this.spool.listBatches(id));
    const batch = batches[at % Math.max(1, batches.length)] as StoredBatch | undefined;
    if (batch === undefined) return;
    this.isPlain = false;
    this.#around.ledger.excuseBatch(batch.producer, batch.seq, 'rot');
    this.disk.damage(batch.producer, batch.name, (bytes) => {
      const changed = byte % Math.max(1, bytes.length);
      bytes[changed] = (bytes[changed] ?? 0) ^ 0x55;
      return bytes;
    });
  }

  /** Shows the ledger the batches that were sealed since. */
  noteBatches(): void {
    const { disk, spool } = this;
    // A spool that could not be opened at first has them all at once.
    const isOpen = spool.producer !== undefined;
    this.mayHaveBatches ||= isOpen && !this.#wasOpen;
    this.#wasOpen = isOpen;
    if (!this.mayHaveBatches || this.isKilled) return;
    this.mayHaveBatches = false;
    const { onOperation } = disk;
    disk.onOperation = () => undefined;
    const gone = this.#seen.note(spool, disk, this.#around.ledger);
    disk.onOperation = onOperation;
    this.#judgeRemovals(gone);
  }

  /** A batch is let go only once this node's own copy shows what is in it. */
  #judgeRemovals(gone: readonly GoneBatch[]): void {
    const { ledger } = this.#around;
    const mayGo = this.#mayGo || this.#replacing > 0;
    this.#mayGo = false;
    if (gone.length === 0) return;
    if (ledger.hasForks) {
      for (const { producer, ids } of gone) {
        if (this.#unheard.has(producer)) ledger.excuse(ids, 'let go');
      }
    } else if (!mayGo) {
      const shown = new Set(this.#confirmed.flatMap(({ linkIds }) => linkIds));
      const lost = gone.find(({ ids }) => ids.some((id) => !shown.has(id)));
      if (lost === undefined) return;
      throw new BrokenPromise(`${lost.path} was let go, and the own copy does not show it`);
    }
  }

  #operate(disk: SimulatedDisk, call: string): void {
    if (disk !== this.disk) return;
    this.#around.onOperation();
    const broken = this.#broken;
    if (broken?.call !== call) return;
    broken.times -= 1;
    if (broken.times === 0) this.#broken = undefined;
    this.#errors += 1;
    this.isPlain = false;
    if (call === 'truncate') this.#around.ledger.mayHoldDropped = true;
    throw systemError('EIO', call);
  }

  #dropped(): number {
    return Object.values(this.spool.readCounts().dropped).reduce((sum, its) => sum + its, 0);
  }
}
