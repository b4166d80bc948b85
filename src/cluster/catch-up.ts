import type { Clock } from '../domain/clock.ts';
import type { CatchUp, Cluster } from '../domain/cluster.ts';
import { hasReached, type Progress } from '../domain/position.ts';
import type { NodeId } from '../domain/role.ts';
import type { AskPosition } from './ask-position.ts';

/** What a `CatchUp` needs. */
export interface CatchUpOptions {
  readonly cluster: Cluster;
  /** Whether this node's writer is open, which says that a primary is in its epoch. */
  readonly writerState: { readonly isOpen: boolean };
  readonly ask: AskPosition;
  /** How far this node's copy is; `undefined` when that cannot be told now. */
  readonly ownProgress: () => Progress | undefined;
  /** Tells of commits and replicated transactions, so that nobody waits for the next look. */
  readonly onCommit: (listener: () => void) => () => void;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** Default 1,000 ms. */
  readonly timeoutMs?: number;
  /** Further ones are told `false` at once; default 10,000. */
  readonly maxWaiters?: number;
}

interface Waiter {
  readonly deadlineMs: number;
  readonly settle: (isThere: boolean) => void;
}

/** A question on its way, and those it will answer. */
interface Question {
  readonly primary: NodeId;
  readonly waiters: Waiter[];
  readonly cancel: AbortController;
}

/** Those who know where this node must get to. */
interface Arrival {
  readonly target: Progress;
  readonly waiters: Waiter[];
}

/** How often role, position and deadlines are looked at while somebody waits. */
const lookEveryMs = 5;
/** Least time between two questions, so that a near primary is not asked thousands of times a second. */
const questionSpacingMs = 5;
/** Pause after a question without an answer. */
const retryPauseMs = 50;

/**
 * Makes the way of a replica to be sure that it has all that the primary had.
 *
 * A question that was asked before a wait began does not answer it: the link that somebody looks for may have been made
 * in between. So those who come while a question is on its way wait together for the next one. However many they
 * are, the primary is asked once per round trip.
 */
export function createCatchUp(options: CatchUpOptions): CatchUp {
  const { cluster, writerState, clock } = options;
  const timeoutMs = options.timeoutMs ?? 1000;
  const maxWaiters = options.maxWaiters ?? 10_000;
  /** Those whom no question answers yet. */
  let waiting: Waiter[] = [];
  let question: Question | undefined;
  let arrivals: Arrival[] = [];
  let askAgainAtMs = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let stopCommits: (() => void) | undefined;
  /** How many wait in all. */
  let count = 0;

  function isPrimary(): boolean {
    return cluster.role().is === 'primary' && writerState.isOpen;
  }

  function followed(): NodeId | undefined {
    const role = cluster.role();
    return role.is === 'replica' ? role.primary : undefined;
  }

  /** Does all that can be done now, and sees to it that it is called again while somebody waits. */
  function look(): void {
    dropExpired();
    if (isPrimary()) settleAll();
    settleArrived();
    const primary = followed();
    if (question !== undefined && (question.primary !== primary || question.waiters.length === 0)) {
      withdraw(question);
    }
    if (primary !== undefined && question === undefined && waiting.length > 0) {
      if (clock.monotonicMs() >= askAgainAtMs) askNow(primary);
    }
    keepLooking();
  }

  function keepLooking(): void {
    clearTimeout(timer);
    if (count > 0) {
      timer = setTimeout(look, lookEveryMs);
      stopCommits ??= options.onCommit(look);
    } else {
      stopCommits?.();
      stopCommits = undefined;
    }
  }

  function askNow(primary: NodeId): void {
    const asked: Question = { primary, waiters: waiting, cancel: new AbortController() };
    waiting = [];
    question = asked;
    askAgainAtMs = clock.monotonicMs() + questionSpacingMs;
    void options.ask(primary, asked.cancel.signal).then((target) => {
      if (question !== asked) return;
      if (target !== undefined && primary === followed()) {
        question = undefined;
        arrivals.push({ target, waiters: asked.waiters });
      } else {
        withdraw(asked);
        if (target === undefined) askAgainAtMs = clock.monotonicMs() + retryPauseMs;
      }
      look();
    });
  }

  /** Those who waited for an answer wait for the next question, in front of those who came later. */
  function withdraw(withdrawn: Question): void {
    question = undefined;
    withdrawn.cancel.abort();
    waiting = [...withdrawn.waiters, ...waiting];
  }

  function settleAll(): void {
    const all = [
      ...waiting,
      ...(question?.waiters ?? []),
      ...arrivals.flatMap((one) => one.waiters),
    ];
    waiting = [];
    question?.waiters.splice(0);
    arrivals = [];
    for (const waiter of all) waiter.settle(true);
  }

  function settleArrived(): void {
    if (arrivals.length === 0) return;
    const own = options.ownProgress();
    if (own === undefined) return;
    const there = arrivals.filter(({ target }) => hasReached(own, target));
    arrivals = arrivals.filter(({ target }) => !hasReached(own, target));
    for (const { waiters } of there) for (const waiter of waiters) waiter.settle(true);
  }

  function dropExpired(): void {
    const nowMs = clock.monotonicMs();
    for (const waiters of [
      ...arrivals.map((arrival) => arrival.waiters),
      question?.waiters ?? [],
      waiting,
    ]) {
      const firstAlive = waiters.findIndex(({ deadlineMs }) => deadlineMs > nowMs);
      const expired = waiters.splice(0, firstAlive === -1 ? waiters.length : firstAlive);
      for (const waiter of expired) waiter.settle(false);
    }
    arrivals = arrivals.filter(({ waiters }) => waiters.length > 0);
  }

  return {
    catchUp() {
      if (isPrimary()) return Promise.resolve(true);
      if (count >= maxWaiters) return Promise.resolve(false);
      return new Promise((resolve) => {
        count += 1;
        waiting.push({
          deadlineMs: clock.monotonicMs() + timeoutMs,
          settle(isThere) {
            count -= 1;
            resolve(isThere);
          },
        });
        // Those of the same tick share a question, so it is asked when the tick is over.
        if (waiting.length === 1) queueMicrotask(look);
      });
    },
  };
}
