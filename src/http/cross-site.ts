import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';
import { Failure } from '../domain/failure.ts';
import type { AccessMode } from './caller.ts';
import type { Cookie } from './cookie.ts';
import { isLoopbackHost } from './own-host.ts';
import { arrivalOf } from './request-facts.ts';

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses writes that a browser was led to by a page of somebody else, where the browser itself is the
 * credential: its session, or in open mode its place in the network. A request with `Authorization` is none
 * of these: no page of another site can add that header without our leave (CORS).
 * Source: OWASP, "Cross-Site Request Forgery Prevention Cheat Sheet".
 *
 * Requests of other nodes are past this: the node that took them from the client has checked.
 */
export function createCrossSiteCheck(options: {
  readonly baseUrl: string;
  readonly access: AccessMode;
  readonly corsOrigins: readonly string[];
  readonly cookie: Cookie;
}): RequestHandler {
  const { baseUrl, access, corsOrigins, cookie } = options;
  return (request, _response, next) => {
    if (arrivalOf(request).via !== 'public') return next();
    const ambient = !safeMethods.has(request.method) && request.headers.authorization === undefined;
    // CORS_ORIGINS lets pages in that bring a key, or need none; never into somebody's session.
    const friends = access === 'open' && cookie.read(request) === undefined ? corsOrigins : [];
    if (ambient && isCrossSite(request, baseUrl, friends)) {
      const detail = `The request comes from a page of another site. This service is at ${baseUrl}.`;
      throw new Failure('forbidden', detail, { errors: [{ pointer: 'Origin', detail }] });
    }
    next();
  };
}

/**
 * What the browser says of where a request comes from. Without `Origin` and `Sec-Fetch-Site` it is no
 * browser of the last years, or a tool such as curl, which no page can lead anywhere.
 */
function isCrossSite(
  { headers }: IncomingMessage,
  baseUrl: string,
  friends: readonly string[],
): boolean {
  const { origin, host } = headers;
  if (origin !== undefined && friends.includes(origin)) return false;
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  if (origin === undefined) return false;
  const onLoopback = host !== undefined && isLoopbackHost(host) && origin === `http://${host}`;
  return origin !== baseUrl && !onLoopback;
}
