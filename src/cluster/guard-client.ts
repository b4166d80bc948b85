import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Clock } from '../domain/clock.ts';
import type { Progress } from '../domain/position.ts';
import { type GuardView, parseGuardView } from './guard-view.ts';

/** What a `GuardClient` needs. */
export interface GuardClientOptions {
  /** Origin of this machine's guard. */
  readonly guardUrl: string;
  /** How far this node's copy is; `undefined` when that cannot be told now. */
  readonly progress: () => Progress | undefined;
  /** Tells of commits and replicated transactions. */
  readonly onCommit: (listener: () => void) => () => void;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly log: Logger;
}

const askEveryMs = 500;
/** While somebody needs news: just after this node became primary, say. */
const askSoonMs = 50;
const answerTimeoutMs = 1000;
/** An answer older than this says nothing any more. */
const viewLifeMs = 3000;
/** How long a commit may wait for others, so that all of them are told at once. */
const pushDelayMs = 50;
/** The guard takes a progress for unknown after 5 s. */
const pushEveryMs = 1000;

/**
 * The app's side of its machine's guard: asks what Consul says of the lease and the candidates, and tells the guard how
 * far this node's copy of the links is, because the guard lets its LiteFS take the lease only when it knows that.
 *
 * A guard that does not answer is asked again; what it said last counts for 3 s.
 */
export class GuardClient implements AsyncDisposable {
  readonly #options: GuardClientOptions;
  readonly #stop = new AbortController();
  readonly #listeners = new Set<(view: GuardView | undefined) => void>();
  readonly #asking: Promise<void>;
  readonly #pushing: Promise<void>;
  readonly #stopCommits: () => void;
  #view: GuardView | undefined;
  #wake = new AbortController();
  #changed = Promise.withResolvers<void>();
  #isSilent = false;

  constructor(options: GuardClientOptions) {
    this.#options = options;
    this.#stopCommits = options.onCommit(() => this.#changed.resolve());
    this.#asking = this.#keepAsking();
    this.#pushing = this.#keepPushing();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopCommits();
    this.#listeners.clear();
    this.#stop.abort();
    this.#changed.resolve();
    await Promise.all([this.#asking, this.#pushing]);
  }

  /** What the guard said last; `undefined` when that is more than 3 s ago. */
  view(): GuardView | undefined {
    const view = this.#view;
    const isAlive =
      view !== undefined && this.#options.clock.monotonicMs() - view.askedAtMs < viewLifeMs;
    return isAlive ? view : undefined;
  }

  /** Calls `listener` after each answer, and with `undefined` when there was none. Returns the way to stop. */
  onAnswer(listener: (view: GuardView | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Asks within 50 ms, because what is known may just have changed. */
  refresh(): void {
    this.#wake.abort();
  }

  /** Tells the guard now how far this node is. Resolves when it knows, or cannot be told. */
  async tellProgress(): Promise<void> {
    await this.#push();
  }

  async #keepAsking(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      this.#wake = new AbortController();
      await this.#ask();
      if (this.#stop.signal.aborted) return;
      for (const listener of this.#listeners) listener(this.view());
      await this.#pause(askSoonMs, this.#stop.signal);
      const woken = AbortSignal.any([this.#stop.signal, this.#wake.signal]);
      await this.#pause(askEveryMs - askSoonMs, woken);
    }
  }

  async #ask(): Promise<void> {
    const askedAtMs = this.#options.clock.monotonicMs();
    try {
      const answer = await this.#send('GET', '/guard/lease');
      this.#view = parseGuardView(await answer.json(), askedAtMs);
      if (this.#isSilent) this.#options.log.info('the guard answers again');
      this.#isSilent = false;
    } catch (err) {
      if (this.#stop.signal.aborted) return;
      // Whatever the reason, nothing is known; LiteFS gives the lease up when its guard is gone for long.
      if (!this.#isSilent) this.#options.log.warn({ err }, 'the guard does not answer');
      this.#isSilent = true;
    }
  }

  async #keepPushing(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      this.#changed = Promise.withResolvers();
      await this.#push();
      const over = new AbortController();
      const signal = AbortSignal.any([this.#stop.signal, over.signal]);
      await Promise.race([this.#changed.promise, this.#pause(pushEveryMs, signal)]);
      over.abort();
      await this.#pause(pushDelayMs, this.#stop.signal);
    }
  }

  async #push(): Promise<void> {
    const progress = this.#options.progress();
    if (progress === undefined) return;
    try {
      await this.#send('PUT', '/guard/progress', progress);
    } catch (err) {
      if (!this.#stop.signal.aborted) this.#options.log.debug({ err }, 'progress not told');
    }
  }

  async #send(method: string, path: string, body?: object): Promise<Response> {
    const answer = await fetch(`${this.#options.guardUrl}${path}`, {
      method,
      signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(answerTimeoutMs)]),
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    if (answer.ok) return answer;
    await answer.body?.cancel();
    throw new Error(`the guard answered ${answer.status} on ${path}`);
  }

  /** Resolves after `ms`, or as soon as `signal` aborts. */
  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    await delay(ms, undefined, { signal, ref: false }).catch(() => undefined);
  }
}
