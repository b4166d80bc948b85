import type { IncomingMessage, ServerResponse } from 'node:http';
import { sessionLifetimeMs } from './session.ts';

/** Reads and sets the cookie that holds a session. */
export interface SessionCookie {
  read(request: IncomingMessage): string | undefined;
  set(response: ServerResponse, token: string): void;
  clear(response: ServerResponse): void;
}

/**
 * The cookie for pages at `baseUrl`. Over https its name begins with `__Host-`: browsers then take it from
 * this host alone, so that a neighbouring subdomain can neither read nor plant it (RFC 6265bis section 4.1.3).
 */
export function createSessionCookie(baseUrl: string): SessionCookie {
  const secure = baseUrl.startsWith('https:');
  const name = secure ? '__Host-hoplite-session' : 'hoplite-session';
  const attributes = `Path=/; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;
  const setCookie = (response: ServerResponse, value: string, maxAgeS: number): void => {
    response.setHeader('Set-Cookie', `${name}=${value}; Max-Age=${maxAgeS}; ${attributes}`);
  };
  return {
    read(request) {
      const prefix = `${name}=`;
      return (request.headers.cookie ?? '')
        .split(';')
        .map((pair) => pair.trim())
        .find((pair) => pair.startsWith(prefix))
        ?.slice(prefix.length);
    },
    set: (response, token) => setCookie(response, token, sessionLifetimeMs / 1000),
    clear: (response) => setCookie(response, '', 0),
  };
}
