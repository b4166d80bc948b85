import { setTimeout as delay } from 'node:timers/promises';
import type { Bookmark, Bookmarks, ToldStanding } from '../domain/bookmark.ts';
import type { Clock } from '../domain/clock.ts';
import type { Cluster } from '../domain/cluster.ts';
import type { Rotating } from '../domain/rotating.ts';
import type { AskFleet } from './ask-fleet.ts';
import { decideRead, judgeStanding, type ReadDecision } from './bookmark-standing.ts';
import { createBookmarkText } from './bookmark-text.ts';
import { createBookmarkWaiters } from './bookmark-waiters.ts';
import type { OwnHistory } from './own-history.ts';

/** What `Bookmarks` need. */
export interface BookmarksOptions {
  readonly cluster: Cluster;
  /** The keys for `bookmark`. */
  readonly keys: Rotating<Buffer>;
  readonly ownHistory: () => OwnHistory | undefined;
  /** Tells of commits and replicated transactions. */
  readonly onCommit: (listener: () => void) => () => void;
  readonly askFleet: AskFleet;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** How long a read waits, milliseconds; default 1,000. */
  readonly readWaitMs?: number;
  /** Default 1,000. */
  readonly maxWaiters?: number;
}

/** How long a busy copy is asked again, and how soon, milliseconds: as reads do. */
const busyTimeoutMs = 250;
const retryAfterMs = 1;

/** The bookmarks of one node. */
export interface NodeBookmarks extends Bookmarks {
  /** How many wait for this node to reach one. */
  readonly waiting: number;
}

/** Makes the bookmarks of one node. */
export function createBookmarks(options: BookmarksOptions): NodeBookmarks {
  const { cluster, ownHistory, onCommit, askFleet, clock, readWaitMs = 1000 } = options;
  const text = createBookmarkText(options.keys);
  const isPrimary = (): boolean => cluster.role().is === 'primary';
  const decide = (bookmark: Bookmark, mayWait: boolean): ReadDecision => {
    const standing = judgeStanding(ownHistory(), bookmark);
    return decideRead({ isPrimary: isPrimary(), standing, mayWait });
  };
  const waiters = createBookmarkWaiters({
    isWorthWaiting: (bookmark) => decide(bookmark, true) === 'wait',
    onChange(listener) {
      const stops = [onCommit(listener), cluster.onRole(listener)];
      return () => {
        for (const stop of stops) stop();
      };
    },
    clock,
    ...(options.maxWaiters === undefined ? {} : { maxWaiters: options.maxWaiters }),
  });

  async function tellStanding(bookmark: Bookmark, waitMs: number): Promise<ToldStanding> {
    if (waitMs > 0) await waiters.wait(bookmark, waitMs);
    const standing = judgeStanding(await readHistory(), bookmark);
    return { standing, isPrimary: isPrimary() };
  }

  /** As `ownHistory`, with patience: a primary that writes much is busy at any given moment. */
  async function readHistory(): Promise<OwnHistory | undefined> {
    const deadlineMs = clock.monotonicMs() + busyTimeoutMs;
    for (;;) {
      const own = ownHistory();
      const isBusy = own === undefined && cluster.position() !== undefined;
      if (!isBusy || clock.monotonicMs() >= deadlineMs) return own;
      await delay(retryAfterMs);
    }
  }

  return {
    ...text,
    tellStanding,

    get waiting() {
      return waiters.count;
    },

    async own() {
      const history = await readHistory();
      if (history === undefined) return undefined;
      const { epoch, txid, tags } = history;
      const epochTag = tags.get(epoch);
      return epochTag === undefined ? undefined : { epoch, epochTag, txid };
    },

    async prepareRead(bookmark, { mayWait }) {
      const first = decide(bookmark, mayWait);
      if (first !== 'wait') return first;
      await waiters.wait(bookmark, readWaitMs);
      return decide(bookmark, false) === 'serve' ? 'serve' : 'replay';
    },

    askFleet: (bookmark, waitMs) =>
      askFleet(text.format(bookmark), waitMs, () => tellStanding(bookmark, waitMs)),
  };
}
