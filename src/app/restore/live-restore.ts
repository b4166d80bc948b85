import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { isDiskFull } from '../../backup/full-disk.ts';
import { NoRoom } from '../../backup/scratch-folder.ts';
import type { CopyPositions } from '../../cluster/copy-state.ts';
import type { PrimaryWriter } from '../../cluster/primary-writer.ts';
import type { Clock } from '../../domain/clock.ts';
import type { Cluster } from '../../domain/cluster.ts';
import { type DatabaseName, databaseNames } from '../../domain/database-name.ts';
import { Failure } from '../../domain/failure.ts';
import { NotPrimary } from '../../domain/not-primary.ts';
import type { RestoreDesk, Restored, RestoreOrder, RestoreTarget } from '../../domain/restore.ts';
import type { StagedFiles } from '../../storage/staged-files.ts';

/** What is needed to restore into a running node. */
export interface LiveRestoreOptions {
  readonly name: string;
  readonly cluster: Cluster;
  readonly writers: Pick<PrimaryWriter, 'epoch' | 'restWhile' | 'writer'>;
  readonly staged: StagedFiles;
  /** Rejects with `NoRoom` when files of so many bytes cannot be taken and put in place. */
  readonly expectRoom: (bytes: number) => Promise<void>;
  /** How long files may wait for more of them or the order; default 10 minutes. */
  readonly idleMs?: number;
  /** Copies the databases, which nobody writes to meanwhile, and gives the folder. Rejects, with nothing left of it. */
  readonly keep: () => Promise<string>;
  /** Has the links in a file go on where those of this node are, which nobody writes to meanwhile. Rejects with what went wrong. */
  readonly carryOver: (file: string) => Promise<void>;
  /** Puts a file in place of a database, whole or not at all. Rejects with what went wrong. */
  readonly replace: (database: DatabaseName, file: string) => Promise<void>;
  /** How far the databases are; nothing is known of them alone. */
  readonly readPositions: () => Promise<CopyPositions>;
  /** Has handles of this node opened anew. */
  readonly reopen: () => void;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly log: Logger;
}

/** How long the writer may take to open on what was restored, and how often it is looked at, milliseconds. */
const openWithinMs = 60_000;
const lookEveryMs = 10;
/** A command that is at work adds a piece each moment. */
const defaultIdleMs = 600_000;

/**
 * Restores a backup into the node that runs, which goes on to redirect. Nothing is written from before the first database
 * is replaced until the last one is, and what is written then begins an epoch of its own.
 *
 * The links come first. Each database is replaced by one transaction, so a process that ends in between leaves the restored
 * links with the counts as they were: those are true, since links that are gone keep their clicks and ids are never used
 * again. The other way round, links as they were would have lost the clicks that no node has kept.
 */
export class LiveRestore implements RestoreDesk {
  readonly #options: LiveRestoreOptions;
  #isRunning = false;
  /** How many pieces are being written. */
  #adding = 0;
  /** Throws away what a command that has ended left. */
  #idle: NodeJS.Timeout | undefined;

  constructor(options: LiveRestoreOptions) {
    this.#options = options;
  }

  describe(): RestoreTarget {
    const { name, cluster } = this.#options;
    return { name, node: cluster.node, epoch: this.#getEpoch() };
  }

  async add(
    database: DatabaseName,
    at: number,
    bytes: Uint8Array,
    totalBytes?: number,
  ): Promise<void> {
    this.#getEpoch();
    if (this.#isRunning) throw running();
    this.#adding += 1;
    try {
      await this.#add(database, at, bytes, totalBytes);
    } finally {
      this.#adding -= 1;
    }
  }

  async #add(
    database: DatabaseName,
    at: number,
    bytes: Uint8Array,
    totalBytes: number | undefined,
  ): Promise<void> {
    const { staged, expectRoom, idleMs = defaultIdleMs } = this.#options;
    if (totalBytes !== undefined) {
      await expectRoom(totalBytes).catch((error: unknown) => {
        if (!(error instanceof NoRoom)) throw error;
        throw noRoom(error.message, error);
      });
    }
    clearTimeout(this.#idle);
    try {
      await staged.add(database, at, bytes);
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      // Writes and clicks need what is left.
      await staged.discard();
      throw noRoom(`the disk of ${this.#options.cluster.node} is full`, error);
    } finally {
      clearTimeout(this.#idle);
      this.#idle = setTimeout(() => {
        if (!this.#isRunning) void this.#discard();
      }, idleMs).unref();
    }
  }

  async restore(order: RestoreOrder): Promise<Restored> {
    // A piece of another command that is being written would be put in place of what is proven here.
    if (this.#isRunning || this.#adding > 0) throw running();
    this.#isRunning = true;
    clearTimeout(this.#idle);
    const { staged, log } = this.#options;
    try {
      for (const database of databaseNames) {
        const announced = order[database];
        if (announced !== undefined) await staged.expect(database, announced);
      }
      const restored = await this.#replaceAll(order);
      log.warn(restored, 'a backup was restored');
      return restored;
    } finally {
      await this.#discard();
      this.#isRunning = false;
    }
  }

  /** What is left behind goes with the next restore, or start, and makes none fail. */
  async #discard(): Promise<void> {
    const { staged, log } = this.#options;
    await staged
      .discard()
      .catch((err: unknown) => log.error({ err }, 'files of a restore not removed'));
  }

  async #replaceAll(order: RestoreOrder): Promise<Restored> {
    const { writers, clock, reopen, log } = this.#options;
    const epoch = this.#getEpoch();
    // Asked for its refusal: nothing is imported under a lease that is not sure.
    writers.writer();
    if (epoch !== order.epoch) {
      throw new Failure(
        'conflict',
        `The files were made ready for epoch ${order.epoch}, and this is epoch ${epoch}: another primary has begun. Nothing was changed; run it again.`,
      );
    }
    const startMs = clock.monotonicMs();
    let clicksKept: string | null = null;
    let before = '';
    const put = async (term: AbortSignal) => {
      before = await this.#keep();
      try {
        await this.#carryOver();
        await this.#replace('links', term);
      } catch (error) {
        // Nothing was changed, so there is a copy more than is needed. Where nobody can tell, it stays.
        if (!term.aborted) await rm(before, { recursive: true, force: true });
        throw error;
      }
      if (order.clicks !== undefined) clicksKept = await this.#replaceClicks(term);
      reopen();
      if (term.aborted) throw unsure();
    };
    try {
      if (!(await writers.restWhile(put))) throw notOpen();
    } catch (error) {
      // Whoever reads the refusal may write at once.
      await this.#untilOpen().catch(() => undefined);
      throw error;
    }
    const opened = await this.#untilOpen();
    if (clicksKept !== null) log.error({ why: clicksKept }, 'clicks not restored');
    return { epoch: opened, heldMs: Math.round(clock.monotonicMs() - startMs), clicksKept, before };
  }

  async #keep(): Promise<string> {
    try {
      return await this.#options.keep();
    } catch (error) {
      throw notDone('What is there could not be copied', error);
    }
  }

  async #carryOver(): Promise<void> {
    const { carryOver, staged } = this.#options;
    try {
      await carryOver(staged.pathOf('links'));
    } catch (error) {
      throw notDone('What is blocked and revoked could not be carried over', error);
    }
  }

  /**
   * Throws `unavailable` when the database is as it was, or when nobody can tell: once `term` is over another primary may
   * write, and neither an answer nor the position says what came of it.
   */
  async #replace(database: DatabaseName, term: AbortSignal): Promise<void> {
    const { replace, staged, readPositions, reopen } = this.#options;
    const before = await readPositions();
    if (term.aborted) throw unavailable('The lease has gone.');
    try {
      await replace(database, staged.pathOf(database));
    } catch (error) {
      const after = await readPositions();
      if (term.aborted) {
        reopen();
        throw unsure(error);
      }
      // The answer was lost, and not the transaction: nobody else writes meanwhile.
      if (after[database] !== undefined && after[database]?.txid !== before[database]?.txid) return;
      throw notDone(`${database}.db could not be replaced`, error);
    }
  }

  async #replaceClicks(term: AbortSignal): Promise<string | null> {
    try {
      await this.#replace('clicks', term);
      return null;
    } catch (error) {
      if (error instanceof Failure) return error.message;
      throw error;
    }
  }

  async #untilOpen(): Promise<number> {
    const { writers, clock } = this.#options;
    const deadlineMs = clock.monotonicMs() + openWithinMs;
    for (;;) {
      const { epoch } = writers;
      if (epoch !== undefined) return epoch;
      if (clock.monotonicMs() >= deadlineMs || this.#options.cluster.role().is !== 'primary') {
        throw new Failure(
          'unavailable',
          'The backup was restored, and this node takes no writes: its log says why.',
        );
      }
      await delay(lookEveryMs);
    }
  }

  /** Throws `unavailable` where nothing can be restored. */
  #getEpoch(): number {
    const { writers, cluster } = this.#options;
    const { epoch } = writers;
    if (epoch !== undefined) return epoch;
    if (cluster.role().is === 'primary') throw notOpen();
    throw new NotPrimary();
  }
}

function noRoom(why: string, cause: unknown): Failure {
  return new Failure('conflict', `No room: ${why}. Nothing was changed.`, {}, cause);
}

function running(): Failure {
  return new Failure('conflict', 'A backup is being restored already.');
}

function notOpen(): Failure {
  return unavailable('This node takes no writes at the moment.');
}

function unsure(cause?: unknown): Failure {
  return new Failure(
    'unavailable',
    'The lease went away while the backup was put in place: it is there or not, so look, and run it again where it is not.',
    { retryAfterS: 1 },
    cause,
  );
}

function notDone(what: string, error: unknown): Failure {
  const why = error instanceof Error ? error.message : String(error);
  return unavailable(`${what} (${why}).`, error);
}

function unavailable(detail: string, cause?: unknown): Failure {
  return new Failure('unavailable', `${detail} Nothing was changed.`, { retryAfterS: 1 }, cause);
}
