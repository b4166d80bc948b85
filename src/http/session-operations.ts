import { z } from 'zod';
import type { Bookmarks } from '../domain/bookmark.ts';
import { Failure } from '../domain/failure.ts';
import type { Pages } from '../domain/pages.ts';
import { formMediaType } from './body.ts';
import type { Cookie } from './cookie.ts';
import type { KeyFinder } from './find-key.ts';
import type { FailedSignIns } from './limits.ts';
import { defineOperation, type Operation } from './operation.ts';
import { seeOther, sendPage, wantsPage } from './page-answers.ts';
import { bearerChallenge } from './problem.ts';
import { factsOf } from './request-facts.ts';
import type { Sessions } from './session.ts';

const tag = 'Pages';
const page = { 'text/html': { schema: z.string() } };
const redirect = {
  headers: z.object({ Location: z.string(), 'Set-Cookie': z.string() }),
};

/**
 * Signing in and out of the pages. Signing in runs on the primary, where wrong keys are counted; the session
 * itself is in the cookie alone, so any node can end it.
 */
export function createSessionOperations(deps: {
  readonly keyFinder: KeyFinder;
  readonly failedSignIns: FailedSignIns;
  readonly sessions: Sessions;
  readonly cookie: Cookie;
  readonly bookmarks: Pick<Bookmarks, 'own' | 'format'>;
  readonly bookmarkCookie: Pick<Cookie, 'set'>;
  readonly pages: Pages;
  readonly signsInHere: boolean;
}): readonly Operation[] {
  const { keyFinder, failedSignIns, sessions, cookie, bookmarks, bookmarkCookie, pages } = deps;
  const { signsInHere } = deps;
  return [
    defineOperation({
      id: 'getSignInPage',
      method: 'get',
      path: '/session',
      tag,
      summary: 'The page that asks for a key',
      access: 'everyone',
      writes: false,
      responses: { 200: { description: 'A page.', content: page } },
      handle({ response }) {
        sendPage(response, 200, pages.signIn({}));
      },
    }),

    defineOperation({
      id: 'signIn',
      method: 'post',
      path: '/session',
      tag,
      summary: 'Sign this browser in for 12 hours',
      access: 'everyone',
      writes: !signsInHere,
      params: { query: z.strictObject({}) },
      body: {
        mediaTypes: [formMediaType],
        schema: z.strictObject({ key: z.string().min(1, 'Is empty.').max(500) }),
      },
      responses: { 303: { description: 'Signed in.', ...redirect } },
      failures: ['unauthenticated'],
      async handle({ body, request, response }) {
        const { clientAddress } = factsOf(request);
        failedSignIns.check(clientAddress);
        const owner = await keyFinder.findOwner(body.key.trim());
        if (owner !== undefined) {
          cookie.set(response, sessions.issue(owner));
          // The next page, at whatever node, shows at least what the primary has now.
          const own = await bookmarks.own();
          if (own !== undefined) bookmarkCookie.set(response, bookmarks.format(own));
          seeOther(response, '/');
          return;
        }
        failedSignIns.count(clientAddress);
        const detail = 'This key is not valid.';
        response.vary('Accept');
        if (!wantsPage(request)) {
          throw new Failure('unauthenticated', detail, { errors: [{ pointer: 'key', detail }] });
        }
        response.setHeader('WWW-Authenticate', bearerChallenge);
        sendPage(response, 401, pages.signIn({ failure: detail }));
      },
    }),

    defineOperation({
      id: 'signOut',
      method: 'post',
      path: '/session/end',
      tag,
      summary: 'End the session of this browser, on any node',
      access: 'everyone',
      writes: false,
      params: { query: z.strictObject({}) },
      responses: { 303: { description: 'Signed out.', ...redirect } },
      handle({ response }) {
        cookie.clear(response);
        seeOther(response, '/');
      },
    }),
  ];
}
