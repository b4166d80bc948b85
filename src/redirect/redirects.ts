import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ClickRecorder } from '../domain/click-recorder.ts';
import type { CatchUp } from '../domain/cluster.ts';
import { Failure } from '../domain/failure.ts';
import { cannotCatchUp } from '../domain/find-link.ts';
import { type CompiledLink, judgeHit, type Redirect, unknownLink } from './compiled-link.ts';
import { findSlug } from './find-slug.ts';
import type { Hit } from './hit.ts';
import { HitAnswers, type HitAnswersOptions } from './hit-answers.ts';
import { createRecordClicks } from './record-clicks.ts';
import type { RedirectTimesRead } from './redirect-times.ts';
import { Resolver, type ResolverOptions } from './resolver.ts';

export interface RedirectsDeps extends ResolverOptions, HitAnswersOptions {
  readonly catchUp: CatchUp;
  readonly recorder: ClickRecorder;
  /**
   * How many hits may wait at the same time, default 10,000: so many for a busy copy or for the primary, and as many
   * and those of one tick for their clicks to be on the disk. Further ones are answered at once with `unavailable`,
   * and are no clicks then.
   */
  readonly maxWaiting?: number;
}

export interface Redirects {
  /** Takes a request for a slug and answers it soon; false when it is none, and then it is untouched. */
  handle(request: IncomingMessage, response: ServerResponse): boolean;
  /** Hits that wait at the moment, for a busy copy, for the primary or for the disk. */
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
/** As many as are answered within 3 ms, though all of them be problems, which take 28 µs each. */
const mostHitsPerTick = 100;

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
 *     createBoundedServer((req, res) => { if (!redirects.handle(req, res)) app(req, res) })
 *
 * It takes `GET` and `HEAD` of what can be a slug and nothing else, so that Express answers its own paths as well
 * as everything that is no path at all. Hits of one event-loop tick go together: one look at the position and at
 * most one read for all that is not in memory, then one append of all clicks, then all answers in one burst
 * (docs/architecture.md, "How a redirect walks"). So a click is in the kernel before its answer is, and nothing waits
 * between the two but, with `CLICK_SYNC=tick`, for the disk: the next ticks go on meanwhile.
 */
export function createRedirects(deps: RedirectsDeps): Redirects {
  const { catchUp, clock, log, maxWaiting = defaultMaxWaiting } = deps;
  const cutOff = cannotCatchUp(catchUp);
  const resolver = new Resolver(deps);
  const record = createRecordClicks(deps);
  const answers = new HitAnswers(deps);
  /** When the first hit of the next tick came. */
  let arrivedAtMs: number | undefined;
  let arrived: Hit[] = [];
  let held: Hit[] = [];
  let waiting = 0;
  let syncing = 0;

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
        caughtUp: undefined,
        giveUpAtMs: undefined,
      });
      return true;
    },
    get waiting() {
      return waiting + syncing;
    },
    get cacheBytes() {
      return resolver.cacheBytes;
    },
    get times() {
      return answers.times;
    },
  };

  /**
   * Immediates run after all sockets of a turn of the event loop were read: a tick is what arrived in one turn. Where
   * that is too much, the rest has the next turn, so that everything else comes in between.
   */
  function enqueue(hit: Hit): void {
    if (arrived.push(hit) === 1) setImmediate(tick);
  }

  function takeArrived(): readonly Hit[] {
    arrivedAtMs = undefined;
    if (arrived.length > mostHitsPerTick) {
      setImmediate(tick);
      return arrived.splice(0, mostHitsPerTick);
    }
    const hits = arrived;
    arrived = [];
    return hits;
  }

  function tick(): void {
    const hits = takeArrived();
    resolver.resolve(hits);
    const nowMs = clock.now();
    for (const hit of hits) hit.verdict = judge(hit, nowMs);
    const parked = hits.filter(({ verdict }) => verdict === undefined);
    const judged = parked.length === 0 ? hits : hits.filter(({ verdict }) => verdict !== undefined);
    const onDisk = record(judged, nowMs);
    if (waiting > 0) for (const hit of judged) endWait(hit);
    if (onDisk === undefined) answers.send(judged, nowMs);
    else answerOnceOnDisk(judged, onDisk);
    if (parked.length > 0) park(parked);
  }

  /** `onDisk` never rejects. */
  function answerOnceOnDisk(hits: readonly Hit[], onDisk: Promise<void>): void {
    syncing += hits.length;
    void onDisk.then(() => {
      syncing -= hits.length;
      answers.send(hits, clock.now());
    });
  }

  /** What to answer; `undefined` when the hit has to wait. */
  function judge(hit: Hit, nowMs: number): Hit['verdict'] {
    switch (hit.finding) {
      case 'unknown':
        return judgeUnknown(hit);
      case 'busy':
        hit.giveUpAtMs ??= clock.monotonicMs() + busyTimeoutMs;
        return clock.monotonicMs() < hit.giveUpAtMs ? startWait(hit) : busyCopy;
      case 'absent':
        return absentCopy;
      case 'unreadable':
        return unreadableCopy;
      default:
        return canWaitForDisk(hit) ? judgeLink(hit.finding, hit.request, nowMs) : crowded;
    }
  }

  function judgeUnknown(hit: Hit): Failure | undefined {
    if (hit.caughtUp === undefined) return startWait(hit);
    if (!hit.caughtUp) return cutOff;
    return canWaitForDisk(hit) ? unknownLink : crowded;
  }

  /** Whether there is room for one more that waits for its click to be on the disk. What is no click needs none. */
  function canWaitForDisk({ request }: Hit): boolean {
    return syncing < maxWaiting || request.method === 'HEAD';
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

  function endWait(hit: Hit): void {
    if (!hit.isWaiting) return;
    hit.isWaiting = false;
    waiting -= 1;
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
    for (const hit of hits) {
      hit.caughtUp = isThere;
      enqueue(hit);
    }
  }
}

function unavailable(detail: string): Failure {
  return new Failure('unavailable', detail, { retryAfterS: 1 });
}
