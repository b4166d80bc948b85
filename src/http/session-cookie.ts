import { type Cookie, createCookie } from './cookie.ts';
import { sessionLifetimeMs } from './session.ts';

/** The cookie that holds a session. Browsers keep it back when another site leads here. */
export function createSessionCookie(baseUrl: string): Cookie {
  return createCookie({
    baseUrl,
    name: 'hoplite-session',
    sameSite: 'Strict',
    lifetimeMs: sessionLifetimeMs,
  });
}
