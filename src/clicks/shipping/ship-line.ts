import type { ProducerId } from '../../domain/click-cursor.ts';
import { batchHashesKept } from '../../domain/click-store.ts';
import type { SpooledBatch } from '../spooled-batches.ts';
import { type DeliveryAnswer, deliveryOverhead, maxDeliveryBytes } from './delivery.ts';

/** What is to be done next for a producer. */
export type ShipPlan =
  | { readonly is: 'ask' }
  | {
      readonly is: 'send';
      readonly batches: readonly [SpooledBatch, ...SpooledBatch[]];
      readonly lostFrom: number | undefined;
      /** Sent again only to learn whether it is what the primary counted under its number. */
      readonly isTrial: boolean;
    }
  /** Another batch is counted under the number of this one; no need to ask. */
  | { readonly is: 'conflict'; readonly batch: SpooledBatch }
  | { readonly is: 'reissue'; readonly batch: SpooledBatch };

/**
 * What is known of one producer at the primary, and what follows from it.
 *
 * The primary's numbers are the truth: what it wants next is sent, forward or back. But they say how many batches it
 * has, not that they are ours: after a volume went back in time, or with two nodes on copies of it, others may be counted
 * under the same numbers. So a batch is passed over only once the primary said that it has this one or a later one of
 * ours: the newest that should be counted is sent again, once in each epoch, and those before it when it differs.
 * Nothing is counted by such a trial. A batch under whose number nothing is counted, because it was declared lost, tells
 * nothing of those before it; it is counted once they are known not to differ, and issued again with them when they do.
 */
export class ShipLine {
  readonly producer: ProducerId;
  /** Cannot go on for now, whatever the network does. */
  isHeld = false;
  /** The batch that was mended since the primary was asked: a disk that damages it again must not keep us busy. */
  mended = 0;
  readonly #oldUpTo: number;
  /** Of the last answer; 0 before any. */
  #epoch = 0;
  /** What the primary wants next; `undefined` until it was asked. */
  #expected: number | undefined;
  /** How many clicks of the producer it has. */
  #clicks = 0;
  /** The primary has ours up to this one. */
  #agreed = 0;
  /** What was agreed on in this epoch when nothing was left to try. */
  #known = 0;
  /** The same in any epoch, with what an earlier process may have agreed on. */
  #settled: number;
  /** Those from this number on were tried without finding one of ours. */
  #triedFrom = Number.POSITIVE_INFINITY;
  /** The newest of them that does not tell. */
  #passedOver = 0;
  /** Those of them under whose numbers the primary has nothing. */
  readonly #absent = new Set<number>();
  /** The first of ours that is to be issued again. */
  #conflict: SpooledBatch | undefined;
  /** A loss that was declared and not answered yet. */
  #declared: { readonly from: number; readonly clicks: number } | undefined;

  /** `oldUpTo` is the newest batch when the process began. It seals the later ones itself. */
  constructor(producer: ProducerId, oldUpTo: number) {
    this.producer = producer;
    this.#oldUpTo = oldUpTo;
    this.#settled = oldUpTo;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Has the primary asked again, because it may be another. Everything that it said is void. */
  forget(): void {
    this.#epoch = 0;
    this.#known = 0;
    this.askAgain();
  }

  /** Has the primary asked again how far it is. */
  askAgain(): void {
    this.#expected = undefined;
    this.isHeld = false;
    this.mended = 0;
  }

  /** The newest batch that is known to be what the primary counts under its number; 0 until that one was asked. */
  get knownUpTo(): number {
    return this.#known;
  }

  /** `undefined` when there is nothing to do. */
  plan(batches: readonly SpooledBatch[]): ShipPlan | undefined {
    if (batches.length === 0) return undefined;
    const expected = this.#expected;
    if (expected === undefined) return { is: 'ask' };
    let trial = this.#planTrial(batches, expected);
    while (trial === undefined && this.#triedFrom !== Number.POSITIVE_INFINITY) {
      this.#endTrials();
      if (this.#conflict !== undefined) break;
      // Another may have been sealed meanwhile whose number the primary has.
      trial = this.#planTrial(batches, expected);
    }
    if (trial !== undefined) return trial;
    if (this.#conflict !== undefined) return { is: 'reissue', batch: this.#conflict };
    const absent = this.#findAbsent(batches, expected);
    if (absent !== undefined) {
      return { is: 'send', batches: [absent], lostFrom: undefined, isTrial: false };
    }
    this.#known = this.#agreed;
    this.#settled = this.#agreed;
    const at = batches.findLastIndex(({ seq }) => seq < expected) + 1;
    const first = batches[at];
    if (first === undefined) return undefined;
    const lostFrom = first.seq > expected ? expected : undefined;
    return { is: 'send', batches: takeRun(first, batches, at), lostFrom, isTrial: false };
  }

  /** The newest batch of those that may tell, unless it is known. */
  #planTrial(batches: readonly SpooledBatch[], expected: number): ShipPlan | undefined {
    const below = Math.min(expected, this.#triedFrom);
    const tried = batches.findLast(({ seq }) => seq < below);
    if (tried === undefined || tried.seq <= this.#agreed) return undefined;
    const { isInherited, isRecovered, seq } = tried;
    if (expected - seq <= batchHashesKept) {
      return { is: 'send', batches: [tried], lostFrom: undefined, isTrial: true };
    }
    // The primary cannot tell any more. With so many after it that we do not have, others count as this producer:
    // what is from before is taken for counted, what was sealed since is not.
    if (seq > this.#oldUpTo && !isInherited && !isRecovered) {
      return { is: 'conflict', batch: tried };
    }
    this.#agreed = seq;
    return undefined;
  }

  /** A batch that has to be counted in a place which was declared lost. */
  #findAbsent(batches: readonly SpooledBatch[], expected: number): SpooledBatch | undefined {
    if (this.#absent.size === 0) return undefined;
    return batches.find(({ seq }) => seq < expected && this.#absent.has(seq));
  }

  /** To be told before a loss is declared. */
  noteDeclared(first: SpooledBatch, lostFrom: number): void {
    this.#declared = { from: lostFrom, clicks: first.clicksBefore - this.#clicks };
  }

  /** Takes the numbers of an answer. Gives whether they are news, and how many clicks are lost by our declaration. */
  hear({ epoch, expected, clicks }: DeliveryAnswer): {
    readonly isNews: boolean;
    readonly lost: number;
  } {
    const isNews = epoch !== this.#epoch || expected !== this.#expected || clicks !== this.#clicks;
    const lost =
      this.#declared !== undefined && expected > this.#declared.from ? this.#declared.clicks : 0;
    this.#declared = undefined;
    if (epoch !== this.#epoch) {
      this.#epoch = epoch;
      this.#agreed = 0;
      this.#known = 0;
      this.#conflict = undefined;
      this.#triedFrom = Number.POSITIVE_INFINITY;
      this.#passedOver = 0;
      this.#absent.clear();
    }
    this.#agreed = Math.min(this.#agreed, expected - 1);
    for (const seq of this.#absent) if (seq >= expected) this.#absent.delete(seq);
    this.#expected = expected;
    this.#clicks = clicks;
    return { isNews, lost };
  }

  /** The primary has this batch, and what is before it but for what is absent. */
  agreeOn({ seq }: SpooledBatch): void {
    if (this.#absent.delete(seq)) return;
    this.#agreed = seq;
  }

  /**
   * Whether a batch that cannot be tried may be taken for counted, because an answer said so once. Of one that this
   * process sealed and that was never agreed on, another may be counted under its number.
   */
  mayPassOver({ seq, isInherited }: SpooledBatch): boolean {
    return isInherited || seq <= this.#settled;
  }

  /** This batch does not tell whether those before it are counted. */
  passOver(batch: SpooledBatch): void {
    this.#triedFrom = batch.seq;
    this.#passedOver = Math.max(this.#passedOver, batch.seq);
  }

  /** Nothing is counted under the number of this batch, which does not tell of those before it either. */
  noteAbsent(batch: SpooledBatch): void {
    this.#absent.add(batch.seq);
    this.passOver(batch);
  }

  /** Another batch is counted under the number of this one: those before it, up to what was agreed on, may differ too. */
  disagreeOn(batch: SpooledBatch): void {
    this.#absent.delete(batch.seq);
    this.#conflict = batch;
    this.#triedFrom = batch.seq;
  }

  /** What conflicted is there no more under this producer. */
  noteReissued(): void {
    this.#conflict = undefined;
  }

  /** None is left that could differ. */
  #endTrials(): void {
    const settled = this.#conflict === undefined ? this.#passedOver : this.#conflict.seq - 1;
    this.#agreed = Math.max(this.#agreed, settled);
    this.#triedFrom = Number.POSITIVE_INFINITY;
    this.#passedOver = 0;
  }
}

/** `first` and those that follow it without a hole, as many as a delivery takes. */
function takeRun(
  first: SpooledBatch,
  batches: readonly SpooledBatch[],
  at: number,
): readonly [SpooledBatch, ...SpooledBatch[]] {
  const run: [SpooledBatch, ...SpooledBatch[]] = [first];
  let bytes = first.bytes;
  for (let index = at + 1; index < batches.length; index += 1) {
    const batch = batches[index] as SpooledBatch;
    bytes += batch.bytes;
    if (batch.seq !== first.seq + run.length) break;
    if (deliveryOverhead(run.length + 1) + bytes > maxDeliveryBytes) break;
    run.push(batch);
  }
  return run;
}
