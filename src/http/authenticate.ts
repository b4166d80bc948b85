import type { IncomingMessage } from 'node:http';
import { Failure } from '../domain/failure.ts';
import type { Caller } from './caller.ts';
import type { Cookie } from './cookie.ts';
import type { KeyFinder, SecretOwner } from './find-key.ts';
import type { FailedSignIns } from './limits.ts';
import { factsOf } from './request-facts.ts';
import type { Sessions } from './session.ts';

/** Finds out who a request speaks for. */
export type Authenticate = (request: IncomingMessage) => Promise<Caller>;

/**
 * In this order: what a fleet signature proved, then `Authorization`, then the session. A request with an
 * `Authorization` header never falls back to its cookies, which is why it needs no check of its origin.
 * Throws `unauthenticated` for a wrong secret, also in open mode: whoever sends one means it.
 */
export function createAuthenticate(deps: {
  readonly keyFinder: KeyFinder;
  readonly failedSignIns: FailedSignIns;
  readonly sessions: Sessions;
  readonly cookie: Cookie;
}): Authenticate {
  const { keyFinder, failedSignIns, sessions, cookie } = deps;

  return async (request) => {
    const { arrival, clientAddress } = factsOf(request);
    if (arrival.via === 'operator') return { is: 'operator' };
    if (arrival.via === 'node' && arrival.caller === 'operator') return { is: 'operator' };
    const { authorization } = request.headers;
    if (authorization !== undefined) return fromBearer(authorization, clientAddress);
    return fromSession(cookie.read(request));
  };

  async function fromBearer(authorization: string, address: string): Promise<Caller> {
    failedSignIns.check(address);
    const secret = /^Bearer +([\x21-\x7e]+)$/i.exec(authorization)?.[1];
    const owner = secret === undefined ? undefined : await keyFinder.findOwner(secret);
    if (owner === undefined) {
      failedSignIns.count(address);
      const detail = 'The Authorization header holds no valid key.';
      throw new Failure('unauthenticated', detail, {
        errors: [{ pointer: 'Authorization', detail }],
      });
    }
    return toCaller(owner, false);
  }

  async function fromSession(token: string | undefined): Promise<Caller> {
    const holder = token === undefined ? undefined : sessions.verify(token);
    const owner = holder === undefined ? undefined : await keyFinder.findHolder(holder);
    return owner === undefined ? { is: 'anonymous' } : toCaller(owner, true);
  }
}

function toCaller(owner: SecretOwner, session: boolean): Caller {
  return owner.is === 'admin'
    ? { is: 'admin', session }
    : { is: 'key', keyId: owner.keyId, session };
}
