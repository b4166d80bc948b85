import type { Bookmark, Bookmarks, Standing, ToldStanding } from '../domain/bookmark.ts';
import type { Clock } from '../domain/clock.ts';
import type { Cluster } from '../domain/cluster.ts';
import type { AskFleet } from './ask-fleet.ts';
import { decideRead, judgeStanding } from './bookmark-standing.ts';
import { createBookmarkText } from './bookmark-text.ts';
import { createBookmarkWaiters } from './bookmark-waiters.ts';
import type { OwnHistory } from './own-history.ts';

/** What `Bookmarks` need. */
export interface BookmarksOptions {
  readonly cluster: Cluster;
  /** The key for `bookmark`. */
  readonly key: Buffer;
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

/** The bookmarks of one node. */
export interface NodeBookmarks extends Bookmarks {
  /** How many wait for this node to reach one. */
  readonly waiting: number;
}

/** Makes the bookmarks of one node. */
export function createBookmarks(options: BookmarksOptions): NodeBookmarks {
  const { cluster, ownHistory, onCommit, askFleet, clock, readWaitMs = 1000 } = options;
  const text = createBookmarkText(options.key);
  const isPrimary = (): boolean => cluster.role().is === 'primary';
  const standing = (bookmark: Bookmark): Standing =>
    // Alone there is no position: the one copy has everything.
    isPrimary() && cluster.position() === undefined
      ? 'reached'
      : judgeStanding(ownHistory(), bookmark);
  const waiters = createBookmarkWaiters({
    isWorthWaiting: (bookmark) => !isPrimary() && standing(bookmark) === 'behind',
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
    return { standing: standing(bookmark), isPrimary: isPrimary() };
  }

  return {
    ...text,
    tellStanding,

    get waiting() {
      return waiters.count;
    },

    own() {
      const history = ownHistory();
      if (history === undefined) return undefined;
      const { epoch, txid, tags } = history;
      const epochTag = tags.get(epoch);
      return epochTag === undefined ? undefined : { epoch, epochTag, txid };
    },

    async prepareRead(bookmark, { mayWait }) {
      const decide = (canWait: boolean) =>
        decideRead({
          isPrimary: isPrimary(),
          standing: standing(bookmark),
          mayWait: canWait,
        });
      const first = decide(mayWait);
      if (first !== 'wait') return first;
      await waiters.wait(bookmark, readWaitMs);
      return decide(false) === 'serve' ? 'serve' : 'replay';
    },

    async askFleet(bookmark, waitMs) {
      return askFleet(text.format(bookmark), waitMs, await tellStanding(bookmark, 0));
    },
  };
}
