import { decodeBatch } from '../../src/domain/click-batch.ts';
import { type ClickCursor, expectedSeq, type ProducerId } from '../../src/domain/click-cursor.ts';
import { ClickFormatError } from '../../src/domain/click-format-error.ts';
import type { ClickCommit } from './memory-click-store.ts';

/** Why a click may be missing in the end. Each is told by a number, except for what the power took. */
export type Excuse =
  /** The process ended before it could answer. */
  | 'not answered'
  /** The power was cut before it was forced to the disk. */
  | 'power'
  /** The disk changed its batch, or could not read it for so long that it was given up. */
  | 'rot'
  /** Its batch may have been the beginning of another that is counted. */
  | 'given up'
  /**
   * A primary that went back counts another under the number of its batch, and its node saw that in its own copy before
   * it heard of that primary.
   */
  | 'let go';

/** A click that was answered. Its id is its link, so that each can be told from the others where it is counted. */
export interface AnsweredClick {
  readonly id: number;
  /** Counted as dropped when it was answered. */
  readonly isDropped: boolean;
  /** On the disk for certain. */
  isDurable: boolean;
  excuse: Excuse | undefined;
  /** When its only volume went: whether it was counted then, and how often the primary had gone back until then. */
  gone: { readonly isCounted: boolean; readonly returns: number } | undefined;
  /** How often the primary had gone back when a copy was made that showed it, after which its batch may be let go. */
  shown: number | undefined;
}

/** A batch that a spool sealed, as its file had it. */
interface SeenBatch {
  readonly producer: ProducerId;
  readonly seq: number;
  /** Clicks in it, the damaged ones with them. */
  readonly clicks: number;
  readonly bytes: Uint8Array;
}

/** Thrown when a promise is broken. */
export class BrokenPromise extends Error {
  override readonly name = 'BrokenPromise';
}

/** What was answered, and what may become of it. */
export class ClickLedger {
  readonly clicks: AnsweredClick[] = [];
  /** How often the primary went back in time, and which epoch began with the last time. */
  returns = 0;
  returnedIn = 0;
  /** Whether there was more than one volume of a producer, which makes numbers of losses bounds. */
  hasForks = false;
  /** Whether the disk may hold a part of a frame whose clicks were dropped: after a power cut, or when it was not cut off. */
  mayHoldDropped = false;
  /** The number that the newest batch of each producer was sealed under. */
  readonly sealed = new Map<ProducerId, number>();
  readonly #batches: SeenBatch[] = [];

  /** Notes a click; its id is the next one. */
  add(isDropped: boolean): AnsweredClick {
    const click: AnsweredClick = {
      id: this.clicks.length + 1,
      isDropped,
      isDurable: false,
      excuse: undefined,
      gone: undefined,
      shown: undefined,
    };
    this.clicks.push(click);
    return click;
  }

  noteShown(id: number, returns: number): void {
    const click = this.clicks[id - 1];
    if (click !== undefined) click.shown = returns;
  }

  noteBatch(batch: SeenBatch): void {
    this.#batches.push(batch);
    const { producer, seq } = batch;
    if (seq > (this.sealed.get(producer) ?? 0)) this.sealed.set(producer, seq);
  }

  /**
   * Whether something was sealed under each of these numbers, from the expected one on and before `to`, and never a
   * click that is not counted: of the first one a part may be.
   */
  hasNoClicks(before: ClickCursor | undefined, producer: ProducerId, to: number): boolean {
    const from = expectedSeq(before);
    const counted = before?.seq === from ? before.merged : 0;
    const sealed = this.#batches.filter(
      (batch) => batch.producer === producer && batch.seq >= from && batch.seq < to,
    );
    const numbers = new Set(sealed.map(({ seq }) => seq));
    return (
      numbers.size === to - from &&
      sealed.every(({ seq, clicks }) => clicks <= (seq === from ? counted : 0))
    );
  }

  /** Excuses all clicks of a batch. */
  excuseBatch(producer: ProducerId, seq: number, excuse: Excuse): void {
    this.excuse(this.#idsOf(producer, seq), excuse);
  }

  excuse(ids: readonly number[], excuse: Excuse): void {
    for (const id of ids) {
      const click = this.clicks[id - 1];
      if (click !== undefined) click.excuse ??= excuse;
    }
  }

  /** Excuses what was on a volume that is no more. */
  noteGone(clicks: readonly AnsweredClick[], isCounted: (id: number) => boolean): void {
    for (const click of clicks) {
      click.gone ??= { isCounted: isCounted(click.id), returns: this.returns };
    }
  }

  /** K1 to K5 once all is healed and shipped. `commits` are those of the primary. */
  checkAtRest(timesCounted: (id: number) => number, commits: readonly ClickCommit[]): void {
    const missing = this.clicks.filter((click) => {
      const times = timesCounted(click.id);
      if (times > 1) throw new BrokenPromise(`click ${click.id} is counted ${times} times`);
      if (times === 1 && click.isDropped) {
        throw new BrokenPromise(`click ${click.id} is counted, and counted as dropped`);
      }
      return times === 0 && !click.isDropped;
    });
    const lost = sumOfLost(commits);
    if (missing.length === 0 && lost === 0) return;
    const declared = missing.length > 0 ? this.#findDeclared(commits) : new Set();
    const inexcusable = missing.filter(
      (click) => !declared.has(click.id) && !this.#isExcused(click),
    );
    if (inexcusable.length > 0) {
      const ids = inexcusable.map(({ id }) => id).join(', ');
      throw new BrokenPromise(`clicks ${ids} are missing without a reason`);
    }
    const untold = missing.filter((click) => this.#isExcused(click));
    const told = missing.length - untold.length;
    // What was dropped and counted so is then counted as torn too.
    const torn = this.mayHoldDropped ? this.clicks.filter(({ isDropped }) => isDropped).length : 0;
    if (told > lost || (lost > missing.length + torn && !this.hasForks)) {
      throw new BrokenPromise(
        `${lost} clicks were declared lost, ${missing.length} are missing, ${untold.length} of them may be undeclared`,
      );
    }
  }

  #isExcused({ excuse, gone, shown }: AnsweredClick): boolean {
    if (excuse !== undefined) return true;
    if (gone !== undefined && (!gone.isCounted || gone.returns < this.returns)) return true;
    // With two volumes of a producer, the number of a batch that was let go may be another's by now.
    return this.hasForks && shown !== undefined && shown < this.returns;
  }

  /** Clicks of batches that the primary passed over because they were declared lost. */
  #findDeclared(commits: readonly ClickCommit[]): Set<number> {
    const declared = new Set<number>();
    const last = new Map<ProducerId, ClickCursor>();
    for (const { cursors } of commits) {
      for (const cursor of cursors) {
        const { producer, seq } = cursor;
        for (let lost = expectedSeq(last.get(producer)); lost < seq; lost += 1) {
          for (const id of this.#idsOf(producer, lost)) declared.add(id);
        }
        last.set(producer, cursor);
      }
    }
    return declared;
  }

  #idsOf(producer: ProducerId, seq: number): number[] {
    return this.#batches
      .filter((batch) => batch.producer === producer && batch.seq === seq)
      .flatMap(({ bytes }) => idsIn(bytes));
  }
}

/** The clicks of a batch; none of one that had changed on the disk before it was seen. */
export function idsIn(bytes: Uint8Array): number[] {
  try {
    return decodeBatch(bytes).frames.flatMap(({ clicks }) => clicks.map(({ linkId }) => linkId));
  } catch (error) {
    if (error instanceof ClickFormatError) return [];
    throw error;
  }
}

function sumOfLost(commits: readonly ClickCommit[]): number {
  const last = new Map(
    commits.flatMap(({ cursors }) => cursors.map((cursor) => [cursor.producer, cursor.lost])),
  );
  return [...last.values()].reduce((sum, lost) => sum + lost, 0);
}
