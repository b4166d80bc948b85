import type { Logger } from 'pino';
import { type ClickCursor, expectedSeq, type ProducerId } from '../../domain/click-cursor.ts';
import type { Clock } from '../../domain/clock.ts';
import { Failure } from '../../domain/failure.ts';
import { NotPrimary } from '../../domain/not-primary.ts';
import { RareLog } from '../rare-log.ts';
import type { SpooledBatch, SpooledBatches } from '../spooled-batches.ts';
import { type DeliveryAnswer, encodeDelivery } from './delivery.ts';
import { ShipLine, type ShipPlan } from './ship-line.ts';

/** What a shipper works with. */
export interface ShipperOptions {
  readonly spool: SpooledBatches;
  /**
   * Takes a delivery to the primary. Gives `undefined`, or rejects, when there is no answer to be had; soon once `signal`
   * aborts.
   */
  readonly deliver: (body: Uint8Array, signal: AbortSignal) => Promise<DeliveryAnswer | undefined>;
  /** Reads this node's own copy of `clicks.db`. */
  readonly readOwnCursor: (producer: ProducerId) => Promise<ClickCursor | undefined>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What a shipper did since it was made. */
export interface ShipperCounts {
  /** Batches of which the primary said that they are counted, and the clicks in them. */
  readonly batches: number;
  readonly clicks: number;
  /** Deliveries without an answer, or that got nowhere. */
  readonly failures: number;
  /** Clicks of batches that were declared lost. */
  readonly lost: number;
  /** Batches under whose number another one is counted. */
  readonly conflicts: number;
}

/** `shipped`: something came of it, and there may be more. `failed`: to be tried again after a pause. */
export type ShipResult = 'shipped' | 'idle' | 'failed';

/**
 * Takes the batches of a spool to the primary, and learns which of them this node's own copy counts. It has no timers:
 * whoever calls it decides when, never twice at a time.
 */
export class Shipper {
  readonly #options: ShipperOptions;
  readonly #rareLog: RareLog;
  readonly #stopping = new AbortController();
  #lines = new Map<ProducerId, ShipLine>();
  /** Whose turn was last. */
  #last: ProducerId | undefined;
  readonly #counts = { batches: 0, clicks: 0, failures: 0, lost: 0, conflicts: 0 };

  constructor(options: ShipperOptions) {
    this.#options = options;
    const { spool, log, clock } = options;
    this.#rareLog = new RareLog(log, clock);
    for (const producer of spool.listProducers()) {
      const newest = spool.listBatches(producer).at(-1)?.seq ?? 0;
      this.#lines.set(producer, new ShipLine(producer, newest));
    }
  }

  readCounts(): ShipperCounts {
    return { ...this.#counts };
  }

  /** The primary may be another, or the same in another time: all of it is asked again. */
  forget(): void {
    for (const line of this.#lines.values()) line.forget();
  }

  /** Has the primary asked again, which may have gone back in time; and tries again what was held. */
  askAgain(): void {
    for (const line of this.#lines.values()) line.askAgain();
  }

  /** Gives up the delivery that is under way, and all later ones: what is not counted stays in the spool. */
  stop(): void {
    this.#stopping.abort();
  }

  /** Does one thing: a delivery, or what follows from the answer to one. Never rejects. */
  async step(): Promise<ShipResult> {
    let result: ShipResult = 'idle';
    for (const line of this.#findLines()) {
      if (line.isHeld) continue;
      const became = await this.#work(line);
      if (became === undefined) continue;
      if (became !== 'held') return became;
      line.isHeld = true;
      this.#counts.failures += 1;
      result = 'failed';
    }
    return result;
  }

  /** Tells the spool what this node's own copy counts. Gives whether something is not counted there yet. */
  async confirm(): Promise<boolean> {
    const { spool, readOwnCursor } = this.#options;
    let isWaiting = false;
    for (const { producer, knownUpTo } of this.#findLines()) {
      const cursor = (await readOwnCursor(producer)) ?? nothingCounted(producer);
      spool.release(cursor, knownUpTo);
      isWaiting ||= (spool.listBatches(producer).at(-1)?.seq ?? 0) >= expectedSeq(cursor);
    }
    return isWaiting;
  }

  /** The lines of all producers, the one whose turn was last at the end. */
  #findLines(): ShipLine[] {
    const { spool } = this.#options;
    const lines = new Map<ProducerId, ShipLine>();
    for (const producer of spool.listProducers()) {
      const known = this.#lines.get(producer);
      lines.set(producer, known ?? new ShipLine(producer, 0));
    }
    this.#lines = lines;
    const ordered = [...lines.values()];
    const turn = ordered.findIndex(({ producer }) => producer === this.#last) + 1;
    return [...ordered.slice(turn), ...ordered.slice(0, turn)];
  }

  /** Gives `undefined` when there is nothing to do. Holds a line that a defect keeps from going on. */
  async #work(line: ShipLine): Promise<ShipResult | 'held' | undefined> {
    const { producer } = line;
    try {
      const plan = line.plan(this.#options.spool.listBatches(producer));
      if (plan === undefined) return undefined;
      this.#last = producer;
      return await this.#carryOut(line, plan);
    } catch (err) {
      this.#options.log.error({ err, producer }, 'shipping failed');
      return 'held';
    }
  }

  async #carryOut(line: ShipLine, plan: ShipPlan): Promise<ShipResult | 'held'> {
    switch (plan.is) {
      case 'ask':
        return this.#ask(line);
      case 'send':
        return this.#send(line, plan);
      case 'conflict':
        return this.#resolveConflict(line, plan.batch);
      case 'reissue':
        return this.#reissue(line, plan.batch);
      default:
        return plan satisfies never;
    }
  }

  async #ask(line: ShipLine): Promise<ShipResult> {
    const { producer } = line;
    const answer = await this.#deliver(
      encodeDelivery({ producer, epoch: 0, isTrial: false, batches: [] }),
    );
    if (answer?.outcome !== 'ok') return this.#fail(line, answer);
    this.#hear(line, answer);
    return 'shipped';
  }

  async #send(
    line: ShipLine,
    { batches, lostFrom, isTrial }: ShipPlan & { readonly is: 'send' },
  ): Promise<ShipResult | 'held'> {
    const read: Uint8Array[] = [];
    for (const batch of batches) {
      const bytes = await this.#read(batch);
      if (typeof bytes !== 'string') read.push(bytes);
      else if (read.length > 0) break;
      else if (bytes === 'unreadable') return 'held';
      else if (!isTrial || !line.mayPassOver(batch)) return this.#mend(line, batch);
      else {
        line.passOver(batch);
        return 'shipped';
      }
    }
    const sent = batches.slice(0, read.length) as [SpooledBatch, ...SpooledBatch[]];
    if (lostFrom !== undefined) line.noteDeclared(sent[0], lostFrom);
    const { producer, epoch } = line;
    const answer = await this.#deliver(
      encodeDelivery({ producer, epoch, lostFrom, isTrial, batches: read }),
    );
    // What came of it is not known; asking is cheaper than sending it all again.
    if (answer === undefined) return this.#fail(line, undefined);
    // A primary that cannot read the delivery at all knows nothing of this producer.
    if (answer.epoch === 0) return this.#refused(line, sent[0], answer);
    const isNews = this.#hear(line, answer);
    const merged = sent.slice(0, answer.merged);
    for (const batch of merged) {
      this.#counts.batches += 1;
      this.#counts.clicks += batch.clicks;
      line.agreeOn(batch);
    }
    const refused = sent[answer.merged];
    if (refused !== undefined) {
      if (answer.outcome === 'absent') {
        line.noteAbsent(refused);
        return 'shipped';
      }
      if (answer.outcome === 'conflict') return this.#resolveConflict(line, refused);
      if (answer.outcome === 'invalid') return this.#refused(line, refused, answer);
    }
    return isNews || merged.length > 0 ? 'shipped' : this.#fail(line, answer);
  }

  #hear(line: ShipLine, answer: DeliveryAnswer): boolean {
    const { isNews, lost } = line.hear(answer);
    if (lost > 0) {
      const { producer } = line;
      this.#counts.lost += lost;
      this.#options.log.error({ producer, clicks: lost }, 'clicks lost');
    }
    return isNews;
  }

  async #read(batch: SpooledBatch): Promise<Uint8Array | 'damaged' | 'unreadable'> {
    try {
      return await this.#options.spool.readBatch(batch);
    } catch (err) {
      const { producer, seq } = batch;
      this.#options.log.error({ err, producer, seq }, 'batch not readable');
      return 'unreadable';
    }
  }

  /** Damage on the disk is mended; what is whole here and not readable there waits for a primary that can read it. */
  async #refused(
    line: ShipLine,
    batch: SpooledBatch,
    { detail }: DeliveryAnswer,
  ): Promise<ShipResult | 'held'> {
    const { producer, seq } = batch;
    if ((await this.#read(batch)) === 'damaged') return this.#mend(line, batch);
    this.#options.log.error({ producer, seq, detail }, 'batch refused by the primary');
    return 'held';
  }

  async #mend(line: ShipLine, batch: SpooledBatch): Promise<ShipResult | 'held'> {
    const { producer, seq } = batch;
    if (line.mended === seq) return 'held';
    line.mended = seq;
    try {
      const clicks = await this.#options.spool.mend(batch);
      this.#options.log.error({ producer, seq, clicks }, 'batch damaged on the disk');
      return 'shipped';
    } catch (err) {
      this.#options.log.error({ err, producer, seq }, 'batch not mended');
      return 'held';
    }
  }

  /**
   * A batch that may be the beginning of what is counted is given up: of what a crash or a copy left, nobody can tell
   * more. One that this node sealed whole is not what is counted, so it is issued again. Of another node's, all that
   * follows is given up too, once it is sealed: that node may have issued it again.
   */
  #resolveConflict(line: ShipLine, batch: SpooledBatch): ShipResult | 'held' {
    const { producer, seq, isRecovered, isInherited } = batch;
    if (isInherited && this.#options.spool.isSealing(producer)) return 'held';
    if (!isRecovered && !isInherited) {
      this.#counts.conflicts += 1;
      line.disagreeOn(batch);
      return 'shipped';
    }
    line.passOver(batch);
    const { spool, log } = this.#options;
    const givenUp = spool
      .listBatches(producer)
      .filter((other) => other.seq === seq || (other.seq > seq && isInherited));
    // The newest first: a power cut undoes the last of what was done to a folder, and nothing may go on behind the conflict.
    for (const other of givenUp.toReversed()) {
      const { clicks } = other;
      this.#counts.conflicts += 1;
      log.warn({ producer, seq: other.seq, clicks }, 'batch given up, another is counted');
      spool.drop(other);
    }
    return 'shipped';
  }

  async #reissue(line: ShipLine, batch: SpooledBatch): Promise<ShipResult | 'held'> {
    const { producer, seq } = batch;
    try {
      await this.#options.spool.reissueFrom(batch);
    } catch (err) {
      this.#options.log.error({ err, producer, seq }, 'batches not issued again');
      return 'held';
    }
    line.noteReissued();
    this.#options.log.error({ producer, seq }, 'another volume counts as this producer');
    return 'shipped';
  }

  async #deliver(body: Uint8Array): Promise<DeliveryAnswer | undefined> {
    const { signal } = this.#stopping;
    try {
      const answer = await this.#options.deliver(body, signal);
      if (answer === undefined) this.#warn('no_primary');
      return answer;
    } catch (err) {
      if (signal.aborted) return undefined;
      if (isExpected(err)) this.#warn('failures', err);
      else this.#options.log.error({ err }, 'delivery failed');
      return undefined;
    }
  }

  #fail(line: ShipLine, answer: DeliveryAnswer | undefined): ShipResult {
    line.askAgain();
    this.#counts.failures += 1;
    if (answer !== undefined) this.#warn('no_progress');
    this.#options.log.debug({ producer: line.producer, ...answer }, 'nothing shipped');
    return 'failed';
  }

  /** Nothing to wake anybody for: clicks wait here, and it is tried again. */
  #warn(reason: 'no_primary' | 'no_progress' | 'failures', err?: unknown): void {
    this.#rareLog.count('clicks cannot be shipped', reason, 1, err);
    this.#rareLog.flush();
  }
}

/** What operation brings with it: a primary that is not there, not yet or no more, and a network. The rest are defects. */
function isExpected(error: unknown): boolean {
  if (error instanceof Failure || error instanceof NotPrimary) return true;
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  const isOfNetwork = typeof code === 'string' && /^(?!ERR_)(E|HPE_|ABORT_ERR)/.test(code);
  return isOfNetwork || error.name === 'TimeoutError';
}

/** What the copy of a node shows of a producer that it has not heard of, or no more. */
function nothingCounted(producer: ProducerId): ClickCursor {
  return { producer, seq: 0, merged: 0, hash: '', isComplete: true, clicks: 0, lost: 0 };
}
