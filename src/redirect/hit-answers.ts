import type { ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { Clock } from '../domain/clock.ts';
import { Failure } from '../domain/failure.ts';
import type { Hit } from './hit.ts';
import { answerProblem, type RenderProblem } from './problem-answer.ts';
import { createRedirectWriter } from './redirect-answer.ts';
import { RedirectTimes, type RedirectTimesRead } from './redirect-times.ts';

/** What became of a hit: a redirect, or the kind of its failure. */
export type Outcome = 'redirect' | Failure['kind'];

export interface HitAnswersOptions {
  readonly clock: Clock;
  readonly renderProblem: RenderProblem;
  /** Told how many answers of a kind went out. */
  readonly observe?: (outcome: Outcome, count: number) => void;
  readonly log: Pick<Logger, 'error'>;
}

/** Sends answers in bursts, and counts them. */
export class HitAnswers {
  readonly #options: HitAnswersOptions;
  readonly #writer = createRedirectWriter();
  readonly #times = new RedirectTimes();

  constructor(options: HitAnswersOptions) {
    this.#options = options;
  }

  /** How long redirects took, from the arrival of the first hit of their tick until their burst was written. */
  get times(): RedirectTimesRead {
    return this.#times.read();
  }

  /**
   * Answers hits, all of which have a verdict, each for itself: what fails with one is no matter of the others.
   * `nowMs` is the wall clock.
   */
  send(hits: readonly Hit[], nowMs: number): void {
    const { renderProblem, observe, log } = this.#options;
    this.#writer.startBurst(nowMs);
    let redirects = 0;
    for (const { request, response, verdict } of hits) {
      try {
        if (verdict instanceof Failure) {
          answerProblem(response, renderProblem(verdict, request));
          observe?.(verdict.kind, 1);
        } else if (verdict !== undefined) {
          this.#writer.write(response, verdict);
          redirects += 1;
        }
      } catch (error) {
        log.error({ err: error }, 'answer failed');
        breakOff(response);
      }
    }
    if (redirects === 0) return;
    observe?.('redirect', redirects);
    this.#countTimes(hits);
  }

  /** One look at the clock for all redirects of a burst, and one addition for all that came together. */
  #countTimes(hits: readonly Hit[]): void {
    const nowMs = this.#options.clock.monotonicMs();
    let sinceMs = 0;
    let count = 0;
    for (const { verdict, arrivedAtMs } of hits) {
      if (verdict === undefined || verdict instanceof Failure) continue;
      if (arrivedAtMs !== sinceMs) {
        this.#times.add(nowMs - sinceMs, count);
        sinceMs = arrivedAtMs;
        count = 0;
      }
      count += 1;
    }
    this.#times.add(nowMs - sinceMs, count);
  }
}

/** The end of an answer that failed: a bare 500 while that is possible, else a connection that closes. */
function breakOff(response: ServerResponse): void {
  if (response.headersSent) response.destroy();
  else response.writeHead(500, { 'Content-Length': 0, 'Cache-Control': 'no-store' }).end();
}
