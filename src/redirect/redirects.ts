import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../domain/clock.ts';
import type { CatchUp } from '../domain/cluster.ts';
import { Failure } from '../domain/failure.ts';
import { cannotCatchUp } from '../domain/find-link.ts';
import { type CompiledLink, judgeHit, type Redirect, unknownLink } from './compiled-link.ts';
import { findSlug } from './find-slug.ts';
import type { Hit } from './hit.ts';
import { answerProblem, type RenderProblem } from './problem-answer.ts';
import { createRedirectWriter } from './redirect-answer.ts';
import { RedirectTimes, type RedirectTimesRead } from './redirect-times.ts';
import { Resolver, type ResolverOptions } from './resolver.ts';

export interface RedirectsDeps extends ResolverOptions {
  readonly catchUp: CatchUp;
  readonly clock: Clock;
  readonly renderProblem: RenderProblem;
  /** How many hits may wait at the same time, for a busy copy or for the primary; default 10,000. */
  readonly maxWaiting?: number;
  /** Told how many answers of a kind went out. */
  readonly observe?: (outcome: Outcome, count: number) => void;
}

/** What became of a hit: a redirect, or the kind of its failure. */
export type Outcome = 'redirect' | Failure['kind'];

export interface Redirects {
  /** Takes a request for a slug and answers it soon; false when it is none, and then it is untouched. */
  handle(request: IncomingMessage, response: ServerResponse): boolean;
  /** Hits that wait at the moment, for a busy copy or for the primary. */
  readonly waiting: number;
  /** Bytes of links in memory. */
  readonly cacheBytes: number;
  /**
   * How long redirects took, from the arrival of the request to the answer in the kernel, the waiting included.
   * Hits of one tick count from the first one on.
   */
  readonly times: RedirectTimesRead;
}

const busyTimeoutMs = 250;
const busyRetryMs = 1;
const defaultMaxWaiting = 10_000;

const busyCopy = unavailable('The copy of the links on this node is busy.');
const absentCopy = unavailable('This node has no copy of the links yet: it is joining.');
const unreadableCopy = unavailable('This node cannot read its copy of the links at the moment.');
const defect = new Failure(
  'internal',
  'The link cannot be answered because of a defect on our side.',
);
const crowded = unavailable('Too many requests are waiting on this node.');

/**
 * The redirect path, in front of Express:
 *
 *     createServer(serverOptions, (req, res) => { if (!redirects.handle(req, res)) app(req, res) })
 *
 * It takes `GET` and `HEAD` of what can be a slug and nothing else, so that Express answers its own paths as well
 * as everything that is no path at all. Hits of one event-loop tick go together: one look at the position and at
 * most one read for all that is not in memory, then all answers in one burst (design section 3).
 */
export function createRedirects(deps: RedirectsDeps): Redirects {
  const { catchUp, clock, renderProblem, log, observe, maxWaiting = defaultMaxWaiting } = deps;
  const resolver = new Resolver(deps);
  const writer = createRedirectWriter();
  const times = new RedirectTimes();
  /** When the first hit of the next tick came. */
  let arrivedAtMs: number | undefined;
  let arrived: Hit[] = [];
  let held: Hit[] = [];
  let waiting = 0;

  return {
    handle(request, response) {
      if (request.method !== 'GET' && request.method !== 'HEAD') return false;
      const slug = findSlug(request.url ?? '');
      if (slug === undefined) return false;
      arrivedAtMs ??= clock.monotonicMs();
      enqueue({
        request,
        response,
        slug,
        arrivedAtMs,
        finding: 'unknown',
        verdict: undefined,
        isWaiting: false,
        caughtUp: false,
        giveUpAtMs: undefined,
      });
      return true;
    },
    get waiting() {
      return waiting;
    },
    get cacheBytes() {
      return resolver.cacheBytes;
    },
    get times() {
      return times.read();
    },
  };

  /** Immediates run after all sockets of a turn of the event loop were read: a tick is what arrived in one turn. */
  function enqueue(hit: Hit): void {
    if (arrived.push(hit) === 1) setImmediate(tick);
  }

  function tick(): void {
    const hits = arrived;
    arrived = [];
    arrivedAtMs = undefined;
    resolver.resolve(hits);
    const nowMs = clock.now();
    for (const hit of hits) hit.verdict = judge(hit, nowMs);
    answerAll(hits, nowMs);
    park(hits.filter(({ verdict }) => verdict === undefined));
  }

  /** What to answer; `undefined` when the hit has to wait. */
  function judge(hit: Hit, nowMs: number): Hit['verdict'] {
    switch (hit.finding) {
      case 'unknown':
        return hit.caughtUp ? unknownLink : startWait(hit);
      case 'busy':
        hit.giveUpAtMs ??= clock.monotonicMs() + busyTimeoutMs;
        return clock.monotonicMs() < hit.giveUpAtMs ? startWait(hit) : busyCopy;
      case 'absent':
        return absentCopy;
      case 'unreadable':
        return unreadableCopy;
      default:
        return judgeLink(hit.finding, hit.request, nowMs);
    }
  }

  function judgeLink(
    link: CompiledLink,
    request: IncomingMessage,
    nowMs: number,
  ): Redirect | Failure {
    try {
      return judgeHit(link, request.url ?? '', nowMs);
    } catch (error) {
      log.error({ err: error }, 'hit cannot be judged');
      return defect;
    }
  }

  function startWait(hit: Hit): Failure | undefined {
    if (hit.isWaiting) return undefined;
    if (waiting >= maxWaiting) return crowded;
    hit.isWaiting = true;
    waiting += 1;
    return undefined;
  }

  function park(hits: readonly Hit[]): void {
    const unknown = hits.filter(({ finding }) => finding === 'unknown');
    if (unknown.length > 0) catchUpFor(unknown);
    const busy = hits.filter(({ finding }) => finding === 'busy');
    if (busy.length === 0) return;
    if (held.length === 0) setTimeout(release, busyRetryMs);
    held = held.concat(busy);
  }

  function release(): void {
    const hits = held;
    held = [];
    for (const hit of hits) enqueue(hit);
  }

  /** The link may have been made on the primary a moment ago, so only a node that has caught up says there is none. */
  function catchUpFor(hits: readonly Hit[]): void {
    catchUp.catchUp().then(
      (isThere) => caughtUp(hits, isThere),
      (error: unknown) => {
        log.error({ err: error }, 'catching up failed');
        caughtUp(hits, false);
      },
    );
  }

  function caughtUp(hits: readonly Hit[], isThere: boolean): void {
    const failure = isThere ? undefined : cannotCatchUp();
    for (const hit of hits) {
      hit.caughtUp = isThere;
      hit.verdict = failure;
      if (isThere) enqueue(hit);
    }
    answerAll(hits, clock.now());
  }

  /** Answers the hits that have a verdict, each for itself: what fails with one is no matter of the others. */
  function answerAll(hits: readonly Hit[], nowMs: number): void {
    writer.startBurst(nowMs);
    let redirects = 0;
    for (const hit of hits) {
      if (hit.verdict === undefined) continue;
      if (hit.isWaiting) waiting -= 1;
      try {
        if (hit.verdict instanceof Failure) {
          answerProblem(hit.response, renderProblem(hit.verdict, hit.request));
          observe?.(hit.verdict.kind, 1);
        } else {
          writer.write(hit.response, hit.verdict);
          redirects += 1;
        }
      } catch (error) {
        log.error({ err: error }, 'answer failed');
        breakOff(hit.response);
      }
    }
    if (redirects === 0) return;
    observe?.('redirect', redirects);
    countTimes(hits);
  }

  /** One look at the clock for all redirects of a burst, and one addition for all that came together. */
  function countTimes(hits: readonly Hit[]): void {
    const nowMs = clock.monotonicMs();
    let sinceMs = 0;
    let count = 0;
    for (const { verdict, arrivedAtMs: atMs } of hits) {
      if (verdict === undefined || verdict instanceof Failure) continue;
      if (atMs !== sinceMs) {
        times.add(nowMs - sinceMs, count);
        sinceMs = atMs;
        count = 0;
      }
      count += 1;
    }
    times.add(nowMs - sinceMs, count);
  }
}

/** The end of an answer that failed: a bare 500 while that is possible, else a connection that closes. */
function breakOff(response: ServerResponse): void {
  if (response.headersSent) response.destroy();
  else response.writeHead(500, { 'Content-Length': 0, 'Cache-Control': 'no-store' }).end();
}

function unavailable(detail: string): Failure {
  return new Failure('unavailable', detail, { retryAfterS: 1 });
}
