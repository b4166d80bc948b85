import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Clock } from '../domain/clock.ts';
import type { Acknowledgements } from './acknowledgements.ts';
import type { AskCopy } from './copy-state.ts';
import type { Candidate } from './guard-view.ts';
import { LiteFsEvents } from './litefs-events.ts';

/** What a `CandidateFollower` needs. */
export interface CandidateFollowerOptions {
  readonly candidate: Candidate;
  /** Hears what the candidate shows. */
  readonly acknowledgements: Acknowledgements;
  readonly askCopy: AskCopy;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly log: Logger;
}

const database = 'links.db';
const askTimeoutMs = 1000;
const askPauseMs = 250;

/**
 * Follows the events of the other candidate's LiteFS. An event comes after LiteFS has forced the transaction to the
 * disk, so whatever it shows survives there (docs/facts.md, "An event says that a copy has it").
 *
 * The stream does not say where the copy is when it opens, so the candidate's app is asked, and asked again for as long as
 * the candidate has not shown that it keeps up: where nothing is written, no event would ever tell.
 */
export class CandidateFollower implements AsyncDisposable {
  readonly #options: CandidateFollowerOptions;
  readonly #closing: Promise<void>[] = [];
  #events: LiteFsEvents | undefined;
  /** Aborted when the stream that is open ends. */
  #stream: AbortController | undefined;

  constructor(options: CandidateFollowerOptions) {
    this.#options = options;
    this.#open();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
    await Promise.all(this.#closing);
  }

  /** Opens the stream anew: one that was cut off without a word would stay silent for long after the network is back. */
  reopen(): void {
    this.#close();
    this.#open();
  }

  #open(): void {
    const { candidate, acknowledgements, clock, log } = this.#options;
    /** The follower may have moved on to another stream while this one ends. */
    const ifCurrent = (act: () => void) => {
      if (this.#events === events) act();
    };
    const events: LiteFsEvents = new LiteFsEvents({
      litefsUrl: candidate.litefsUrl,
      log,
      listener: {
        connected: () =>
          ifCurrent(() => {
            log.info({ candidate: candidate.node }, 'following the other candidate');
            acknowledgements.connected();
            this.#stream = new AbortController();
            void this.#askUntilItEnds(this.#stream.signal);
          }),
        leaseChanged: () => undefined,
        committed: (name, position) =>
          ifCurrent(() => {
            if (name === database) acknowledgements.shown(position, clock.monotonicMs());
          }),
        disconnected: () =>
          ifCurrent(() => {
            log.warn({ candidate: candidate.node }, 'lost the stream of the other candidate');
            this.#ended();
          }),
      },
    });
    this.#events = events;
  }

  #close(): void {
    const events = this.#events;
    this.#events = undefined;
    this.#ended();
    if (events === undefined) return;
    const closing = events[Symbol.asyncDispose]().then(() => {
      this.#closing.splice(this.#closing.indexOf(closing), 1);
    });
    this.#closing.push(closing);
  }

  #ended(): void {
    this.#stream?.abort();
    this.#stream = undefined;
    this.#options.acknowledgements.disconnected();
  }

  async #askUntilItEnds(ended: AbortSignal): Promise<void> {
    const { candidate, acknowledgements, askCopy, clock } = this.#options;
    while (!ended.aborted) {
      if (!acknowledgements.keepsUp) {
        const take = acknowledgements.asked();
        const signal = AbortSignal.any([ended, AbortSignal.timeout(askTimeoutMs)]);
        const copy = await askCopy(candidate.node, signal);
        if (!ended.aborted && copy?.links !== undefined) take(copy.links, clock.monotonicMs());
      }
      await delay(askPauseMs, undefined, { signal: ended, ref: false }).catch(() => undefined);
    }
  }
}
