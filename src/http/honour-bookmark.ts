import type { IncomingMessage } from 'node:http';
import type { RequestHandler, Response } from 'express';
import { z } from 'zod';
import type { Bookmark, Bookmarks } from '../domain/bookmark.ts';
import { Failure } from '../domain/failure.ts';
import type { Cookie } from './cookie.ts';
import { passToPrimary } from './gate.ts';
import { wantsPage } from './page-answers.ts';
import type { PrimaryRoute } from './primary-route.ts';
import { factsOf } from './request-facts.ts';
import { bookmarkHeader } from './write.ts';

/** The header that reads take, for the document. */
export const bookmarkParameter = {
  [bookmarkHeader]: z.string().optional().meta({
    description:
      'From the answer to a write or a read: what that saw is in this answer too. Anything that is no bookmark is ignored.',
  }),
};

/** The header of the answers to reads, for the document. */
export const shownHeader = {
  [bookmarkHeader]: z.string().optional().meta({
    description: 'Names what was shown: no read that carries it shows an earlier state.',
  }),
};

/**
 * Stands before the operations that show what is in `links.db`. A request with a bookmark goes on when this node has
 * what the bookmark names, if need be after a second at most; otherwise the primary answers it. Anything that is no
 * bookmark of this fleet costs its check and nothing else.
 *
 * Where neither can be done, a page that came by a cookie is shown as it is and says so (`isStale` of the request's
 * facts), because a browser did not ask for more; others fail with `unavailable`.
 */
export function createHonourBookmark(deps: {
  readonly bookmarks: Pick<Bookmarks, 'parse' | 'prepareRead'>;
  readonly bookmarkCookie: Pick<Cookie, 'read'>;
  readonly primaryRoute: PrimaryRoute;
}): RequestHandler {
  const { bookmarks, bookmarkCookie, primaryRoute } = deps;
  const parse = (text: string | undefined): Bookmark | undefined =>
    text === undefined ? undefined : bookmarks.parse(text);

  return async (request, response, next) => {
    const sent = parse(request.get(bookmarkHeader));
    const bookmark = sent ?? parse(bookmarkCookie.read(request));
    if (bookmark === undefined) return next();
    const mayWait = !hasBeenReplayed(request);
    if ((await bookmarks.prepareRead(bookmark, { mayWait })) === 'serve') return next();
    try {
      await passToPrimary(primaryRoute, request, response);
    } catch (error) {
      if (!(error instanceof Failure) || error.kind !== 'unavailable') throw error;
      if (sent !== undefined || !wantsPage(request)) throw cannotHonour(error);
      factsOf(request).isStale = true;
      next();
    }
  };
}

/**
 * Puts the name of what was just read into the answer. Only reads before this call may be shown: a name that is newer
 * than what it names makes later reads wait for a moment, an older one would let them go back.
 */
export type NameShown = (response: Response) => Promise<void>;

export function createNameShown(bookmarks: Pick<Bookmarks, 'own' | 'format'>): NameShown {
  return async (response) => {
    const own = await bookmarks.own();
    if (own !== undefined) response.setHeader(bookmarkHeader, bookmarks.format(own));
  };
}

/** Such a request has waited before it was replayed. A client that claims so only takes the wait away from itself. */
function hasBeenReplayed({ headers }: IncomingMessage): boolean {
  return 'fly-replay-src' in headers || 'fly-replay-failed' in headers;
}

function cannotHonour(cause: Failure): Failure {
  return new Failure(
    'unavailable',
    'This node does not have yet what the bookmark names, and cannot reach the primary at the moment.',
    { retryAfterS: 1 },
    cause,
  );
}
