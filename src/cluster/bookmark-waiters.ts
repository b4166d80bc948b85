import type { Bookmark } from '../domain/bookmark.ts';
import type { Clock } from '../domain/clock.ts';

/** What `BookmarkWaiters` need. */
export interface BookmarkWaitersOptions {
  /** Whether waiting may still bring this node to the bookmark. */
  readonly isWorthWaiting: (bookmark: Bookmark) => boolean;
  /** Tells of commits and replicated transactions, and of a changed role. */
  readonly onChange: (listener: () => void) => () => void;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** Further ones do not wait; default 1,000. */
  readonly maxWaiters?: number;
}

/** Those who wait for this node to reach a bookmark. */
export interface BookmarkWaiters {
  /** How many wait now. */
  readonly count: number;
  /** Resolves when waiting makes no sense any more, after `timeoutMs`, or at once when too many wait. Never rejects. */
  wait(bookmark: Bookmark, timeoutMs: number): Promise<void>;
}

interface Waiter {
  readonly bookmark: Bookmark;
  readonly deadlineMs: number;
  readonly settle: () => void;
}

/** How often all are looked at without a hint: what comes while LiteFS's events are away is not told. */
const lookEveryMs = 25;

/** Makes the room for those who wait. However many they are, they share one timer and one listener. */
export function createBookmarkWaiters(options: BookmarkWaitersOptions): BookmarkWaiters {
  const { isWorthWaiting, clock, maxWaiters = 1_000 } = options;
  const waiters = new Set<Waiter>();
  let timer: NodeJS.Timeout | undefined;
  let stopChanges: (() => void) | undefined;

  function look(): void {
    const nowMs = clock.monotonicMs();
    for (const waiter of waiters) {
      if (waiter.deadlineMs > nowMs && isWorthWaiting(waiter.bookmark)) continue;
      waiters.delete(waiter);
      waiter.settle();
    }
    keepLooking();
  }

  function keepLooking(): void {
    clearTimeout(timer);
    if (waiters.size > 0) {
      timer = setTimeout(look, lookEveryMs);
      stopChanges ??= options.onChange(look);
    } else {
      stopChanges?.();
      stopChanges = undefined;
    }
  }

  return {
    get count() {
      return waiters.size;
    },

    wait(bookmark, timeoutMs) {
      if (waiters.size >= maxWaiters || !isWorthWaiting(bookmark)) return Promise.resolve();
      return new Promise((settle) => {
        waiters.add({ bookmark, deadlineMs: clock.monotonicMs() + timeoutMs, settle });
        if (waiters.size === 1) keepLooking();
      });
    },
  };
}
