import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Cluster } from '../domain/cluster.ts';
import { Failure } from '../domain/failure.ts';
import { NotPrimary } from '../domain/not-primary.ts';
import type { Progress } from '../domain/position.ts';
import type { ClickWriter, ClickWriterSource, Writer, WriterSource } from '../domain/writer.ts';

/** A writer that has raised the epoch and can be used until it is closed or ends by itself. */
export interface ClosableWriter extends Writer, ClickWriter, AsyncDisposable {
  readonly opened: { readonly epoch: number };
  /** Settles when the writer is no more, with the reason when it did not end on request. Never rejects. */
  readonly ended: Promise<Error | undefined>;
}

/** What a `PrimaryWriter` needs. */
export interface PrimaryWriterOptions {
  readonly cluster: Cluster;
  /** Opens the writer: runs pending migrations, raises the epoch. Called only while no other one exists. */
  readonly open: () => Promise<ClosableWriter>;
  /** Whether nobody else can hold the lease; default: always. Else no write to `links.db` may begin. */
  readonly mayWrite?: () => boolean;
  /**
   * Called when `open` failed and this node is still primary a second later: it holds a lease that it cannot use.
   * Exiting with 0 releases the lease, so that the other candidate can serve. Nothing is tried again.
   */
  readonly onOpenFailed: (error: unknown) => void;
  readonly log: Logger;
  /** How long a failed `open` waits for the news that the role is gone, which explains it; default 1,000 ms. */
  readonly openFailedGraceMs?: number;
  /** Pause before a writer that ended by itself is opened again, doubled each time; default 100 ms. */
  readonly firstPauseMs?: number;
}

const longestPauseMs = 5000;
/** A writer that lived this long starts the pauses anew. */
const soundLifeMs = 60_000;

/**
 * Holds the one writer while this node is primary, and closes it when the role goes away.
 *
 * A writer belongs to the term it was opened in. When the role goes away, even for a moment, another primary may
 * have written in between, so that writer is never used again: it is closed, and only then the next is opened.
 */
export class PrimaryWriter implements WriterSource, ClickWriterSource, AsyncDisposable {
  readonly #options: PrimaryWriterOptions;
  readonly #stopListening: () => void;
  #writer: ClosableWriter | undefined;
  /** Aborted when this term as primary is over; `undefined` while this node is not primary. */
  #term: AbortController | undefined;
  /** Everything that opens and closes writers, one after the other. */
  #work: Promise<void> = Promise.resolve();
  /** While this primary takes no writes: resolves when it does again or its term is over. */
  #rest: PromiseWithResolvers<void> | undefined;
  /** Settles with what `restWhile` does: no writer opens before, in whatever term. */
  #restWork: Promise<void> = Promise.resolve();

  constructor(options: PrimaryWriterOptions) {
    this.#options = options;
    this.#stopListening = options.cluster.onRole(() => this.#follow());
    this.#follow();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopListening();
    this.#endTerm();
    await this.#work;
  }

  /** Whether there is a writer to use. */
  get isOpen(): boolean {
    return this.#writer !== undefined;
  }

  /** That of the open writer; `undefined` without one. */
  get epoch(): number | undefined {
    return this.#writer?.opened.epoch;
  }

  /**
   * Takes no more writes, finishes those that were taken, and closes the writer: when this resolves, nothing can be
   * committed until `resume`. Resolves to false, without effect, when no writer is open. Never rejects.
   */
  async rest(): Promise<boolean> {
    const writer = this.#writer;
    if (writer === undefined) return false;
    this.#writer = undefined;
    this.#rest = Promise.withResolvers();
    await this.#close(writer);
    return true;
  }

  /**
   * Does `work` while nothing can be committed: after `rest`, and no writer opens before it has settled. Where the role
   * goes away meanwhile and comes back, that next term waits as well: what is still under way would take its writes back.
   * `term` is aborted once the role has gone away, even for a moment. Resolves to false, without effect, when no writer is
   * open; rejects as `work` does.
   */
  async restWhile(work: (term: AbortSignal) => Promise<void>): Promise<boolean> {
    const term = this.#term?.signal;
    if (term === undefined || this.#writer === undefined) return false;
    const settled = Promise.withResolvers<void>();
    this.#restWork = settled.promise;
    try {
      await this.rest();
      await work(term);
      return true;
    } finally {
      settled.resolve();
      this.resume();
    }
  }

  /** Opens a writer again after `rest`, if this node is still primary. */
  resume(): void {
    this.#rest?.resolve();
    this.#rest = undefined;
  }

  /**
   * How far the primary is; `undefined` on other nodes, alone, and until the writer is open. Before that the epoch
   * is not raised, and an answer could be taken for one of the last primary's. Nor while it rests: the lease may have
   * gone a moment ago.
   */
  progress(): Progress | undefined {
    const { epoch } = this;
    const txid = this.#options.cluster.position()?.txid;
    return epoch === undefined || txid === undefined ? undefined : { epoch, txid };
  }

  /**
   * Throws `NotPrimary` on a replica, where a replay reaches the primary, and `unavailable` where it would reach
   * nobody: on a node that knows no primary, and on a primary whose writer is not open yet or whose lease is not sure.
   */
  writer(): Writer {
    const writer = this.#getWriter();
    if (this.#options.mayWrite?.() === false) {
      throw unavailable('This node is not sure that it is still the primary. Nothing was changed.');
    }
    return writer;
  }

  /** Throws what `writer` does, but for the lease: what a deposed primary counts is counted again by the next. */
  clickWriter(): ClickWriter {
    return this.#getWriter();
  }

  #getWriter(): ClosableWriter {
    if (this.#writer !== undefined) return this.#writer;
    const role = this.#options.cluster.role();
    switch (role.is) {
      case 'replica':
        throw new NotPrimary();
      case 'primary':
        throw unavailable('This node has just become primary and is not ready to write yet.');
      case 'joining':
      case 'detached':
        throw unavailable('This node knows no primary at the moment.');
    }
  }

  #follow(): void {
    const isPrimary = this.#options.cluster.role().is === 'primary';
    if (!isPrimary) this.#endTerm();
    else if (this.#term === undefined) this.#beginTerm();
  }

  #beginTerm(): void {
    const term = new AbortController();
    this.#term = term;
    this.#work = this.#work.then(() => this.#serve(term.signal));
  }

  #endTerm(): void {
    this.#term?.abort();
    this.#term = undefined;
    this.#writer = undefined;
    this.resume();
  }

  /** One term: keeps a writer open until the term is over, and has closed it when it resolves. Never rejects. */
  async #serve(term: AbortSignal): Promise<void> {
    const { log, firstPauseMs = 100 } = this.#options;
    const over = new Promise<void>((resolve) => {
      if (term.aborted) resolve();
      else term.addEventListener('abort', () => resolve(), { once: true });
    });
    let pauseMs = firstPauseMs;
    for (;;) {
      await Promise.race([over, this.#restWork]);
      if (term.aborted) return;
      const startedMs = performance.now();
      const writer = await this.#open(term);
      if (writer === undefined) return;
      if (!term.aborted) {
        this.#writer = writer;
        log.info(
          { ...writer.opened, ms: Math.round(performance.now() - startedMs) },
          'writer opened',
        );
      }
      const openedMs = performance.now();
      const reason = await Promise.race([over, writer.ended]);
      const rest = this.#rest;
      if (!term.aborted) this.#writer = undefined;
      await this.#close(writer);
      await rest?.promise;
      if (term.aborted) return;
      if (rest !== undefined) continue;
      log.warn({ err: reason, pauseMs }, 'writer ended by itself, opening another');
      if (performance.now() - openedMs > soundLifeMs) pauseMs = firstPauseMs;
      await Promise.race([over, delay(pauseMs, undefined, { ref: false })]);
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    }
  }

  async #open(term: AbortSignal): Promise<ClosableWriter | undefined> {
    const { log, openFailedGraceMs = 1000 } = this.#options;
    try {
      return await this.#options.open();
    } catch (err) {
      // LiteFS may have taken the role away while the news of it is still on its way.
      await delay(openFailedGraceMs, undefined, { signal: term }).catch(() => undefined);
      if (term.aborted) log.info({ err }, 'writer not opened, the role is gone');
      else this.#options.onOpenFailed(err);
      return undefined;
    }
  }

  async #close(writer: ClosableWriter): Promise<void> {
    try {
      await writer[Symbol.asyncDispose]();
    } catch (err) {
      this.#options.log.error({ err }, 'writer not closed cleanly');
    }
  }
}

function unavailable(detail: string): Failure {
  return new Failure('unavailable', detail, { retryAfterS: 1 });
}
